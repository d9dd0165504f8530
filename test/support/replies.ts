/** Replies of a story's own for requests that the emulator does not serve, given where the wire begins. */
import { createHttpHeaders, type PipelinePolicy } from "@azure/core-rest-pipeline";

/** A body that is answered with 200, or a status with a body. */
export interface StoryReply {
  readonly status?: number;
  readonly body: unknown;
}

export interface Replies {
  readonly policy: { policy: PipelinePolicy; position: "perRetry" };
  /** `GET /skus`, in order: what the story answered itself. */
  readonly asked: readonly string[];
}

/** @param replies by method and the end of the path: `GET /skus`; what is not there goes on to the emulator */
export function storyReplies(replies: Readonly<Record<string, StoryReply>>): Replies {
  const asked: string[] = [];
  const policy: PipelinePolicy = {
    name: "storyReplies",
    sendRequest: async (request, next) => {
      const [path = ""] = request.url.split("?");
      const key = Object.keys(replies)
        .filter((entry) => {
          const [method, end = ""] = entry.split(" ");
          return method === request.method && path.toLowerCase().endsWith(end.toLowerCase());
        })
        .sort((a, b) => b.length - a.length)[0];
      const reply = key === undefined ? undefined : replies[key];
      if (key === undefined || reply === undefined) return next(request);
      asked.push(key);
      const { status = 200, body } = reply;
      const headers = createHttpHeaders({ "content-type": "application/json" });
      return { request, status, headers, bodyAsText: JSON.stringify(body) };
    },
  };
  return { policy: { policy, position: "perRetry" }, asked };
}
