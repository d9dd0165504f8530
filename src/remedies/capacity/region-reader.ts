/**
 * Looks up what a region offers, what is left of the quotas, and how likely a placement is. Every look-up fails open:
 * what could not be read is unknown, and is tried again later.
 */
import type { RemedyCall } from "../remedy.js";
import type { Candidate, MachinePlan } from "./machine-plan.js";
import { mostScoredSizes, scoresCacheMs, scoresIn, scoresQuestion } from "./placement-scores.js";
import { poolsOf, scoreKey, type RegionKnowledge, type Score, type Usage } from "./rank.js";
import { readSizeList } from "./size-list.js";
import { foldName, type SizeOffer, type SizeOffers } from "./size-offer.js";

/**
 * Milliseconds for which each look-up is kept. Offers change daily, quotas with each create, scores every half hour.
 */
export const cacheMs = { sizes: 4 * 3_600_000, usages: 3 * 60_000, scores: scoresCacheMs } as const;
/** Milliseconds after which a refused look-up is tried again. */
export const refusedMs = 10 * 60_000;
/** A list of sizes comes in one page or a few. */
const mostPages = 5;
/** Creates that are counted until they end. */
const mostUnderWay = 10_000;

/** Sends one request and gives the parsed body of a success. Rejects otherwise. */
export type ReadSend = (call: RemedyCall) => Promise<{ readonly body?: unknown }>;

/** What is asked about: a region of a subscription, and for how many machines. */
export type RegionAsked = Pick<MachinePlan, "endpoint" | "subscription" | "region" | "count">;

interface Cached<Value> {
  readonly until: number;
  readonly value: Promise<Value | undefined>;
}

export class RegionReader {
  readonly #sizes = new Map<string, Cached<SizeOffers>>();
  readonly #usages = new Map<string, Cached<Map<string, Usage>>>();
  readonly #scores = new Map<string, Cached<Map<string, Score>>>();
  /** Creates under way that usages do not show yet, by URL. */
  readonly #underWay = new Map<string, Counted>();

  /** The sizes of the plan's region; undefined when they cannot be read. */
  sizes(plan: RegionAsked, send: ReadSend, now: number): Promise<SizeOffers | undefined> {
    return cached(this.#sizes, regionKey(plan), cacheMs.sizes, now, () => readSizes(plan, send));
  }

  /** All that is known for these candidates. */
  async read(
    plan: RegionAsked,
    candidates: readonly Candidate[],
    send: ReadSend,
    now: number,
  ): Promise<RegionKnowledge> {
    const [sizes, usages, scores] = await Promise.all([
      this.sizes(plan, send, now),
      cached(this.#usages, regionKey(plan), cacheMs.usages, now, () => readUsages(plan, send)),
      this.#scoresOf(plan, candidates, send, now),
    ]);
    return { sizes, usages, scores };
  }

  /** Whether usages of the region are known, so that creates have to be counted. */
  knowsUsages(asked: RegionAsked, now: number): boolean {
    const known = this.#usages.get(regionKey(asked));
    return known !== undefined && known.until > now;
  }

  /** Counts a create that is about to be sent: the next ones see what it takes before the service tells them. */
  async countCreate(asked: RegionAsked, url: string, offer: SizeOffer, spot: boolean, now: number): Promise<void> {
    this.forgetCreate(url);
    const usages = this.knowsUsages(asked, now) && (await this.#usages.get(regionKey(asked))?.value);
    if (!usages) return;
    const counted = { usages, pools: poolsOf(offer, spot).map(foldName), vCPUs: offer.vCPUs * asked.count };
    this.#underWay.set(url, counted);
    addTo(counted, counted.vCPUs);
    const oldest = this.#underWay.keys().next();
    if (this.#underWay.size > mostUnderWay && !oldest.done) this.#underWay.delete(oldest.value);
  }

  /** The create was refused: it takes nothing. */
  forgetCreate(url: string): void {
    const counted = this.#underWay.get(url);
    if (!counted) return;
    this.#underWay.delete(url);
    addTo(counted, -counted.vCPUs);
  }

  /** The create succeeded: what it takes stays counted. */
  keepCreate(url: string): void {
    this.#underWay.delete(url);
  }

  /** Only spot placements are scored by the released version of the service. */
  #scoresOf(
    plan: RegionAsked,
    candidates: readonly Candidate[],
    send: ReadSend,
    now: number,
  ): Promise<Map<string, Score> | undefined> {
    const sizes = [...new Set(candidates.filter(({ spot }) => spot).map(({ size }) => size))].slice(0, mostScoredSizes);
    if (sizes.length === 0) return Promise.resolve(undefined);
    const inZones = candidates.some(({ zone }) => zone !== undefined);
    const key = `${regionKey(plan)}|${sizes.join(",")}|${inZones}`.toLowerCase();
    return cached(this.#scores, key, cacheMs.scores, now, () => readScores(plan, sizes, inZones, send));
  }
}

/** What a create takes of usages as they were read. Ones that are read later know of it. */
interface Counted {
  readonly usages: Map<string, Usage>;
  readonly pools: readonly string[];
  readonly vCPUs: number;
}

function addTo({ usages, pools }: Counted, vCPUs: number): void {
  for (const pool of pools) {
    const usage = usages.get(pool);
    if (usage) usages.set(pool, { ...usage, used: usage.used + vCPUs });
  }
}

const regionKey = ({ subscription, region }: RegionAsked): string =>
  `${subscription}|${foldName(region)}`.toLowerCase();

/** Concurrent callers share one look-up; a failed one is not repeated for a while. */
function cached<Value>(
  cache: Map<string, Cached<Value>>,
  key: string,
  forMs: number,
  now: number,
  read: () => Promise<Value>,
): Promise<Value | undefined> {
  const known = cache.get(key);
  if (known && known.until > now) return known.value;
  const value = read().catch(() => {
    cache.set(key, { until: now + refusedMs, value: Promise.resolve(undefined) });
    return undefined;
  });
  cache.set(key, { until: now + forMs, value });
  return value;
}

async function readSizes({ endpoint, subscription, region }: RegionAsked, send: ReadSend): Promise<SizeOffers> {
  const { offers, complete } = await readSizeList({ subscription, region, mostPages }, async (pathOrLink) => {
    const url = pathOrLink.startsWith("/") ? endpoint + pathOrLink : pathOrLink;
    return (await send({ method: "GET", url })).body;
  });
  // An empty or incomplete list does not prove that a size is missing.
  if (offers.size === 0 || !complete) throw new Error("the list of sizes could not be read whole");
  return offers;
}

async function readUsages(plan: RegionAsked, send: ReadSend): Promise<Map<string, Usage>> {
  const url = urlOf(plan, `/locations/${foldName(plan.region)}/usages?api-version=2024-07-01`);
  const { body } = await send({ method: "GET", url });
  const usages = new Map<string, Usage>();
  const { value } = (body ?? {}) as {
    value?: ({ name?: { value?: unknown }; currentValue?: unknown; limit?: unknown } | null)[];
  };
  for (const counter of Array.isArray(value) ? value : []) {
    const name = counter?.name?.value;
    const { currentValue: used, limit } = counter ?? {};
    if (typeof name === "string" && typeof used === "number" && typeof limit === "number")
      usages.set(foldName(name), { used, limit });
  }
  return usages;
}

async function readScores(
  { endpoint, subscription, region, count }: RegionAsked,
  sizes: readonly string[],
  inZones: boolean,
  send: ReadSend,
): Promise<Map<string, Score>> {
  const { path, query, body } = scoresQuestion({ subscription, region, sizes, count, inZones });
  const url = `${endpoint}${path}?api-version=${query["api-version"]}`;
  const answer = await send({ method: "POST", url, body });
  return new Map(scoresIn(answer.body).map((entry) => [scoreKey(entry), entry.score]));
}

function urlOf({ endpoint, subscription }: RegionAsked, path: string): string {
  return `${endpoint}/subscriptions/${subscription}/providers/Microsoft.Compute${path}`;
}
