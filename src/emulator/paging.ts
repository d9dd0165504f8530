/** Lists in pages: `value`, and a `nextLink` while there is more. */
import type { ArmExchange } from "./exchange.js";
import type { JsonObject } from "./json.js";
import { ArmError, type Reply } from "./wire.js";

/** `$top` shortens the pages of the option `pageSize`; `$skiptoken` says where the page begins. */
export function pageOf(exchange: ArmExchange, items: readonly JsonObject[]): Reply {
  const { url } = exchange.request;
  const top = Number(url.searchParams.get("$top") ?? Infinity);
  if (!(top >= 1))
    throw new ArmError(400, "InvalidParameter", "The value of $top must be a whole number of at least 1.");
  const size = Math.min(top, exchange.cloud.options.pageSize);
  const from = Number(url.searchParams.get("$skiptoken") ?? 0) || 0;
  const value = items.slice(from, from + size);
  if (from + size >= items.length) return { status: 200, body: { value } };
  const next = new URL(url);
  next.searchParams.set("$skiptoken", String(from + size));
  return { status: 200, body: { value, nextLink: next.href } };
}
