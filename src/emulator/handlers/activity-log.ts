/** Microsoft.Insights: the activity log with its own small filter language. */
import type { ArmExchange } from "../exchange.js";
import { digText, type JsonObject } from "../json.js";
import { pageOf } from "../paging.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

export const activityLogRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values",
    name: "eventtypes/management/values",
    action: "Microsoft.Insights/eventtypes/values/read",
    handle: list,
  },
];

interface Filter {
  readonly from: number;
  readonly to: number;
  /** At most one of the four. */
  readonly only: ((event: JsonObject) => boolean) | undefined;
}

function list(exchange: ArmExchange): Reply {
  const { searchParams } = exchange.request.url;
  const { from, to, only } = filterOf(searchParams.get("$filter") ?? "");
  const events = exchange.cloud.activityLog.events.filter((event) => {
    const at = Date.parse(digText(event, "eventTimestamp") ?? "");
    return at >= from && at <= to && (only?.(event) ?? true);
  });
  const select = searchParams
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());
  return pageOf(
    exchange,
    events.map((event) => (select ? selected(event, select) : event)),
  );
}

function selected(event: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(event).filter(([key]) => names.includes(key)));
}

const onlyFields: Readonly<Record<string, (event: JsonObject) => string | undefined>> = {
  resourcegroupname: (event) => digText(event, "resourceGroupName"),
  resourceuri: (event) => digText(event, "resourceId"),
  resourceprovider: (event) => digText(event, "resourceProviderName", "value"),
  correlationid: (event) => digText(event, "correlationId"),
};

/** Times, and at most one of four fields, each by `eq`; anything else is refused. */
function filterOf(text: string): Filter {
  let from: number | undefined;
  let to = Infinity;
  let only: Filter["only"];
  for (const clause of text === "" ? [] : text.split(/\s+and\s+/i)) {
    const [, field = "", operator = "", value = ""] = /^\s*(\w+) (eq|ge|le) '([^']*)'\s*$/i.exec(clause) ?? [];
    const of = onlyFields[field.toLowerCase()];
    if (/^eventTimestamp$/i.test(field) && operator !== "eq") {
      const at = Date.parse(value);
      if (operator === "ge") from = at;
      else to = at;
    } else if (of && operator === "eq" && !only) only = (event) => of(event)?.toLowerCase() === value.toLowerCase();
    // Some clients ask for it; there is no other channel.
    else if (!/^(eventChannels|levels)$/i.test(field)) throw invalid(`'${clause.trim()}' is not supported`);
  }
  if (from === undefined || Number.isNaN(from) || Number.isNaN(to)) {
    throw invalid("it must have a start: eventTimestamp ge '<time>'");
  }
  return { from, to, only };
}

function invalid(problem: string): ArmError {
  return new ArmError(400, "BadRequest", `The $filter of the request is invalid: ${problem}.`, { target: "$filter" });
}
