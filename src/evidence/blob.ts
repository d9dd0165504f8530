/** Reads a blob by its SAS link: another host, no token of the caller's, and a link that must stay secret. */
import type { BlobRequest, LookResponse } from "../recovery/evidence.js";

/** Reads with global `fetch`. A failure does not reveal the link. */
export async function fetchBlob({ method, url, headers }: BlobRequest, signal: AbortSignal): Promise<LookResponse> {
  let response: Response;
  try {
    response = await fetch(url, { method, headers, signal, redirect: "error" });
  } catch {
    throw new Error(`${hostOf(url)} did not respond; outgoing traffic to it may be blocked`);
  }
  const { status } = response;
  return {
    status,
    headers: { get: (name) => response.headers.get(name) ?? undefined },
    bodyAsText: method === "HEAD" ? undefined : await response.text(),
  };
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : "the storage account");
