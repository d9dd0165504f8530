/** The URLs at which an operation can be followed, from the response that began it. */
import type { ThrottleReply } from "../throttle.js";

const headers = ["azure-asyncoperation", "operation-location", "location"] as const;
const none: readonly string[] = [];

export function operationUrls({ status, headers: answer }: ThrottleReply): readonly string[] {
  if (status !== 200 && status !== 201 && status !== 202) return none;
  let urls: string[] | undefined;
  for (const name of headers) {
    const url = answer.get(name);
    if (url !== undefined && url !== "") (urls ??= []).push(url);
  }
  return urls ?? none;
}
