/**
 * Failures whose error hides the cause, played on the emulator through the real clients: whether the true root is named, and
 * what that costs. `npm run bench:evidence`; the exit code is 1 where a promise is not kept.
 */
import { startEmulator, type Emulator, type Exchange } from "azure-remedy/emulator";
import { createThrottle, isRemedyError, type RemedyOptions } from "azure-remedy";
import { standardEvidence } from "azure-remedy/evidence";
import { actionFor } from "../../src/evidence/reads.js";
import { inVirtualTime } from "../../test/support/virtual-time.js";
import { cases, type Case } from "./cases.js";
import { generations, type Connect } from "./clients.js";

interface Played {
  /** Message of the error, or "" when it passed. */
  readonly message: string;
  readonly code: string | undefined;
  readonly findings: readonly string[];
  readonly explanation: string;
  readonly elapsedMs: number;
  readonly exchanges: readonly Exchange[];
  readonly secrets: boolean;
}

/** Retries are not what is measured: an error that would be waited out shows at once. */
const usual: RemedyOptions = { maxRetries: 4, circuitBreaker: false, random: () => 0 };

function play(one: Case, connect: Connect, withEvidence: boolean, denied?: string): Promise<Played> {
  return inVirtualTime(async (time) => {
    const { fetch } = globalThis;
    globalThis.fetch = (...args) => time.track(() => fetch(...args));
    await using arm: Emulator = await startEmulator({
      subscriptionId: "00000000-1111-2222-3333-444444444444",
      throttling: false,
      operations: { polls: 0 },
      onUnknownRequest: "answer",
    });
    try {
      await one.prepare(arm);
      const prepared = arm.exchanges.length;
      if (denied !== undefined) arm.deny(denied);
      const seen: string[] = [];
      const options: RemedyOptions = {
        ...usual,
        throttle: createThrottle({ random: () => 0 }),
        ...(withEvidence && { evidence: one.evidence?.() ?? standardEvidence() }),
        onEvent: (event) => {
          if (event.type === "evidence") seen.push(...event.findings.map(({ source, says }) => `${source}: ${says}`));
        },
      };
      const error = await one.act(connect(arm, time, options), arm).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const ours = isRemedyError(error) ? error : undefined;
      const printed = JSON.stringify([ours?.toJSON(), ours?.message]);
      return {
        message: error instanceof Error ? error.message : "",
        code: ours?.code,
        findings: seen,
        explanation: ours?.diagnosis.explanation ?? "",
        elapsedMs: time.elapsedMs(),
        exchanges: arm.exchanges.slice(prepared).filter(({ outcome }) => outcome !== "failed to send"),
        // Whose request it was, the service says itself; a finding does not.
        secrets: /sig=(?!\[redacted\])/.test(printed) || /sig=|emulator-user/.test(seen.join()),
      };
    } finally {
      globalThis.fetch = fetch;
    }
  });
}

/** What was sent beyond the same failure without evidence. Reads of blobs pass no pipeline, and are no requests to ARM. */
function extraOf(without: Played, found: Played): Exchange[] {
  const isBlob = ({ path }: Exchange): boolean => /[?&]sig=/.test(path);
  const before = new Map<string, number>();
  for (const { method, path } of without.exchanges)
    before.set(`${method} ${path}`, (before.get(`${method} ${path}`) ?? 0) + 1);
  return found.exchanges.filter((exchange) => {
    if (isBlob(exchange) || isPoll(exchange)) return false;
    const key = `${exchange.method} ${exchange.path}`;
    const left = before.get(key) ?? 0;
    if (left > 0) before.set(key, left - 1);
    return left <= 0;
  });
}

/** Polls bear the id of their operation, which differs from run to run. */
const isPoll = ({ name }: Exchange): boolean => name.startsWith("operations/");

const isHarmlessPost = ({ method, path }: Exchange): boolean =>
  method === "POST" && /retrieveBootDiagnosticsData|checkPolicyRestrictions|placementScores/i.test(path);

const isWrite = (exchange: Exchange): boolean => exchange.method !== "GET" && !isHarmlessPost(exchange);

interface Row {
  readonly title: string;
  readonly plainNames: boolean;
  readonly named: boolean;
  readonly extra: number;
  readonly levels: number;
  readonly addedMs: number;
  readonly writes: number;
  readonly rights: string;
  readonly kept: boolean;
}

async function measure(one: Case, connect: Connect): Promise<Row> {
  const without = await play(one, connect, false);
  const found = await play(one, connect, true);
  const extra = extraOf(without, found);
  const resent = one.passes ? extra.filter(({ method }) => method !== "GET") : [];
  const looks = extra.filter((exchange) => !resent.includes(exchange));
  const writes = looks.filter(isWrite).length;
  const named = one.root.test(found.explanation) || found.findings.some((finding) => one.root.test(finding));
  const levels = 1 + found.findings.filter((finding) => finding.startsWith("deploymentOperations")).length;
  const actions = [...new Set(looks.map(({ method, path }) => actionFor(method, `https://x${path}`)))].filter(
    // Nobody needs a right to list their own.
    (action) => action !== undefined && action !== "Microsoft.Authorization/permissions/read",
  );
  let said = 0;
  let kept = !found.secrets && !without.secrets;
  for (const action of actions) {
    const refused = await play(one, connect, true, action);
    const says = refused.findings.some((finding) => finding.includes(`needs ${action}`));
    const writes = (played: Played): number => extraOf(played, refused).filter(isWrite).length;
    // Where the machine may not be read, a conflict is waited out by writing again, with evidence and without.
    const extraWrites = writes(without) === 0 ? 0 : writes(await play(one, connect, false, action));
    if (says) said += 1;
    else if (process.argv.includes("--unsaid"))
      console.log(`  ${one.title}: ${action}: ${refused.findings.join(" | ")}`);
    kept &&=
      (one.passes === true || refused.code === without.code) &&
      (one.passes === true || extraWrites === 0) &&
      !refused.secrets;
  }
  kept &&= one.passes ? found.message === "" : found.code === without.code;
  return {
    title: one.title,
    plainNames: one.root.test(without.message),
    named,
    extra: looks.length,
    levels,
    addedMs: one.passes ? 0 : found.elapsedMs - without.elapsedMs,
    writes,
    rights: `${said}/${actions.length}`,
    kept,
  };
}

const yes = (value: boolean): string => (value ? "yes" : "no");

function printRows(generation: string, rows: readonly Row[]): void {
  console.log(`\narm-compute ${generation}: ${rows.length} failures whose error hides the cause`);
  console.log(
    "  cause named                                                       requests  time              right taken",
  );
  console.log(
    "  without  with   failure                                           (levels)  added    writes   away, said",
  );
  for (const row of rows) {
    console.log(
      `  ${yes(row.plainNames).padEnd(8)} ${yes(row.named).padEnd(6)} ${row.title.padEnd(49)} ${`${row.extra} (${row.levels})`.padEnd(9)} ${`${row.addedMs} ms`.padEnd(8)} ${String(row.writes).padEnd(8)} ${row.rights}${row.kept ? "" : "  NOT KEPT"}`,
    );
  }
}

/** Nothing may be sent around a call that goes well. */
async function onSuccess(connect: Connect): Promise<number> {
  const well: Case = { title: "well", prepare: () => undefined, act: (cloud) => cloud.create("web-01"), root: /./ };
  const without = await play(well, connect, false);
  return extraOf(without, await play(well, connect, true)).length;
}

/** `npm run bench:evidence -- lock` plays those alone. */
const wanted = process.argv.slice(2).find((word) => !word.startsWith("-")) ?? "";

let broken = 0;
for (const [generation, connect] of await generations()) {
  const rows: Row[] = [];
  for (const one of cases.filter(({ title }) => title.includes(wanted))) rows.push(await measure(one, connect));
  printRows(generation, rows);
  const named = rows.filter((row) => row.named).length;
  const share = (100 * named) / rows.length;
  const worst = Math.max(...rows.map(({ extra, levels }) => extra / levels));
  const writes = rows.reduce((sum, row) => sum + row.writes, 0);
  const well = await onSuccess(connect);
  const blind = rows.filter((row) => row.plainNames).length;
  console.log(
    `  true root named: ${named} of ${rows.length} (${share.toFixed(1)} %), without evidence ${blind}; requests: at most ${Math.max(...rows.map(({ extra }) => extra))} for a failure, ${worst} a level; on success ${well}; writes ${writes}`,
  );
  if (share < 95 || worst > 4 || writes > 0 || well > 0 || rows.some(({ kept }) => !kept)) broken += 1;
}
process.exitCode = broken > 0 ? 1 : 0;
