/** One wire, printed: what it was, and what both sides made of it. */
import { contest, type ContestOptions } from "./contest.js";
import { print } from "./compare.js";
import type { Play } from "./play.js";

export async function explain(seed: number, options: ContestOptions): Promise<string> {
  const { play } = await contest(options);
  const { wire, one, other, findings } = await play(seed);
  const { faults, ...rest } = wire;
  return [
    `Wire ${seed}: ${print(rest)}`,
    ...Object.entries(faults).flatMap(([kind, list]) => list.map((fault, n) => `  ${kind}#${n} ${print(fault)}`)),
    "",
    ...sideOf(options.against ?? "the SDK as it ships", one),
    "",
    ...sideOf("ours", other),
    "",
    ...(findings.length === 0
      ? ["The same."]
      : findings.map(({ verdict, kind, detail }) => `${verdict}: ${kind} ${detail}`)),
  ].join("\n");
}

function sideOf(name: string, play: Play): string[] {
  const { outcome } = play;
  return [
    `${name}: ${outcome.how} after ${play.elapsedMs} ms; done: ${play.isDone}, later: ${play.isDoneLater}, carried out: ${play.executions}`,
    ...play.exchanges.map(
      ({ at, method, url, key, reply, executed }) =>
        `  ${String(at).padStart(8)} ms  ${method} ${new URL(url).pathname.split("/").slice(-3).join("/")}  ${key} -> ${reply}${executed ? " (carried out)" : ""}`,
    ),
    `  the caller's policy saw: ${play.seen.join(", ")}; onResponse: ${play.heard.join(", ")}`,
    outcome.how === "rejected"
      ? `  ${JSON.stringify({ ...outcome.error, own: undefined })}`
      : `  ${print("value" in outcome ? outcome.value : undefined)}`,
  ];
}
