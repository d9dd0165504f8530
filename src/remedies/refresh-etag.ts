/** `refreshEtag()`: reads a resource again for a write that named an outdated version. */
import type { Remedy } from "./remedy.js";

/**
 * Allows reading the resource again and repeating the write with its current ETag when Azure responds 412. Changes made
 * in between are overwritten: use it only for writes that intentionally set the whole resource.
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
