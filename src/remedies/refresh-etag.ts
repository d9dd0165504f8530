/** `refreshEtag()`: one new read for a write that named an outdated version of its resource. */
import type { Remedy } from "./remedy.js";

/**
 * Allows reading the resource again and repeating the write with its current ETag when Azure answers 412. What somebody
 * else changed in between is overwritten: name it only for writes that set the whole resource on purpose.
 */
export function refreshEtag(): Remedy {
  return {
    name: "refreshEtag",
    async apply(context) {
      const { url } = context.request;
      const { headers, body } = await context.send({ method: "GET", url });
      const etag = headers.get("etag") ?? (body as { etag?: unknown } | undefined)?.etag;
      if (typeof etag !== "string" || etag === "") throw new Error("the resource has no ETag");
      return { change: "took the resource's current ETag", request: { headers: { "if-match": etag } } };
    },
  };
}
