/**
 * `fallback({ sizes, zones, spot })`: if a region has no room, or the subscription no quota, for what a create asks
 * for, tries the best candidate that the caller allows. What is known about the region decides which candidates are
 * left out and which come first; recently refused ones come last.
 */
import { check, checkNames } from "../../option-check.js";
import { CapacityMemory, sharedCapacityMemory, type Offer } from "../capacity-memory.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { machineAt } from "../existing-machine.js";
import { failedInstancesOf } from "./failed-instances.js";
import { clearedFor, type LeftBehind } from "./left-behind.js";
import { bodyFor, planOf, wordsFor, type Candidate, type MachinePlan } from "./machine-plan.js";
import { leftOutInWords, rank, type Judged, type Lately, type Ranking } from "./rank.js";
import { RegionReader } from "./region-reader.js";
import type { FailedRequest, LookAfter, Remedy, RemedyContext, RemedyOutcome, OperationSuccess } from "../remedy.js";
import { similarSizes, type SimilarSizes } from "./similar.js";
import { foldName, type SizeOffer, type SizeOffers } from "./size-offer.js";

export interface CapacityFallbackOptions {
  /** Sizes to try instead, in order of preference, or `similar()`. Default none. */
  readonly sizes?: readonly string[] | SimilarSizes;
  /** Zones to try instead. Default none. */
  readonly zones?: readonly string[];
  /** `"regular"`: a spot machine may become a regular one. `"spot-first"`: a regular one is tried as spot first. Default neither. */
  readonly spot?: "regular" | "spot-first";
  /**
   * `"first"`: look up the region before the first attempt and start with the best candidate. Default `"after"` a
   * failure.
   */
  readonly plan?: "first" | "after";
  /**
   * Delete the half-made machine that the failed create left if zone or priority has to change. Only a machine in state
   * Failed that this call created, according to the service, is ever deleted. Default false.
   */
  readonly deleteFailed?: boolean;
  /** Where refusals are remembered. Default the memory that the process shares. */
  readonly memory?: CapacityMemory;
}

const optionNames = ["sizes", "zones", "spot", "plan", "deleteFailed", "memory"];
/** More tries do not help: the region is full. */
const mostTries = 10;

/**
 * Allows other sizes, zones and priorities for virtual machines and scale sets.
 *
 * ```ts
 * withRemedy(client, { remedies: [fallback({ sizes: similar(), zones: ["1", "2"], spot: "regular" })] });
 * ```
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function fallback(options: CapacityFallbackOptions): Remedy {
  checkOptions(options);
  return new CapacityFallback(options);
}

/** What a call has tried. */
interface Tried {
  /** The plan of the caller's own request. */
  readonly original: MachinePlan;
  readonly keys: Set<string>;
}

class CapacityFallback implements Remedy {
  readonly name = "fallback";
  readonly maxRuns = mostTries;
  readonly #options: CapacityFallbackOptions;
  readonly #memory: CapacityMemory;
  readonly #reader = new RegionReader();
  /** Sizes by folded name, as far as lists of sizes were read. */
  readonly #offers = new Map<string, SizeOffer>();

  constructor(options: CapacityFallbackOptions) {
    this.#options = options;
    this.#memory = options.memory ?? sharedCapacityMemory();
  }

  fits(diagnosis: Diagnosis, request: FailedRequest): boolean {
    return isShortage(diagnosis) && planOf(request) !== undefined;
  }

  adapts(diagnosis: Diagnosis, request: FailedRequest): boolean {
    return this.fits(diagnosis, request);
  }

  learn(diagnosis: Diagnosis, request: FailedRequest, now: number): void {
    if (!isShortage(diagnosis)) return;
    const plan = planOf(request);
    // A shortage on certain hosts says nothing about the rest of the region.
    if (plan && !plan.isBound) this.#memory.learn(this.#offerOf(plan, plan), diagnosis, now);
  }

  prepare(
    request: { readonly method: string; readonly url: string; body(): unknown },
    now: number,
    send: RemedyContext["send"],
  ): Promise<RemedyOutcome | undefined> | undefined {
    const isPlanned = this.#options.plan === "first" || this.#options.spot === "spot-first";
    if (request.method !== "PUT" || (!isPlanned && this.#memory.isEmpty && this.#offers.size === 0)) return undefined;
    const create = { method: request.method, url: request.url, body: request.body() };
    const plan = planOf(create);
    if (!plan || plan.isBound) return undefined;
    if (isPlanned || this.#memory.isFull(this.#offerOf(plan, plan), now)) return this.#prepare(create, plan, now, send);
    void this.#count(plan, create.url, plan, now);
    return undefined;
  }

  succeeded(request: FailedRequest, { startedAt, now, created }: OperationSuccess): LookAfter | undefined {
    const plan = planOf(request);
    if (!plan || plan.isBound) return undefined;
    this.#reader.keepCreate(request.url);
    const offer = this.#offerOf(plan, plan);
    if (plan.kind === "virtualMachine") this.#memory.learnRoom(offer, startedAt);
    else if (created && plan.count > 0) return (send) => this.#lookAtInstances(request.url, plan, offer, now, send);
    return undefined;
  }

  /** Instances that failed for want of room are left as they are: the next create begins elsewhere. */
  async #lookAtInstances(
    url: string,
    plan: MachinePlan,
    offer: Offer,
    now: number,
    send: RemedyContext["send"],
  ): Promise<string | undefined> {
    const found = await failedInstancesOf(url, send);
    if (!found) {
      this.#memory.learnRoom(offer, now);
      return undefined;
    }
    const shortages = found.codes.filter((code) => shortageCodes.test(code));
    for (const code of shortages)
      this.#memory.learn(offer, { code, category: "capacity", message: "", parameters: {} }, now);
    const why = found.codes.length > 0 ? `: ${found.codes.join(", ")}` : "";
    const next = shortages.length > 0 ? `; the next create will not begin with ${wordsFor(plan)}` : "";
    return `${found.failed} of ${found.all} instances failed behind the success${why}${next}`;
  }

  async apply(context: RemedyContext): Promise<RemedyOutcome> {
    const { request, notes, clock, send, diagnosis } = context;
    const plan = planOf(request);
    if (!plan) throw new Error("the request makes neither a machine nor a scale set");
    const tried = (notes.get(this.name) ?? { original: plan, keys: new Set() }) as Tried;
    notes.set(this.name, tried);
    tried.keys.add(keyOf(plan));
    const now = clock.now();
    this.#reader.forgetCreate(request.url);
    await this.#memory.refresh(plan, now);
    const ranking = await this.#rank(tried.original, now, send);
    const open = ranking.open.filter(({ candidate }) => !tried.keys.has(keyOf(candidate)));
    const left = await clearedFor(context, plan, open, this.#options.deleteFailed ?? false);
    const chosen = left.open[0];
    if (!chosen) throw new Error(exhausted(ranking, left, tried.keys.size));
    if (left.remove) await left.remove(chosen.candidate);
    tried.keys.add(keyOf(chosen.candidate));
    await this.#count(plan, request.url, chosen.candidate, now);
    return {
      change: inWords(plan, diagnosis.code ?? "a shortage", chosen, ranking),
      request: { body: bodyFor(request.body, plan, chosen.candidate) },
    };
  }

  async #prepare(
    create: FailedRequest,
    plan: MachinePlan,
    now: number,
    send: RemedyContext["send"],
  ): Promise<RemedyOutcome | undefined> {
    // A machine that is there has its place: a write of it must not move it.
    if (await machineAt(send, create.url)) return undefined;
    await this.#memory.refresh(plan, now);
    const ranking = await this.#rank(plan, now, send);
    const best = ranking.open[0];
    await this.#count(plan, create.url, best?.candidate ?? plan, now);
    if (!best || keyOf(best.candidate) === keyOf(plan)) return undefined;
    return {
      change: inWords(plan, whyNotAsked(plan, ranking), best, ranking),
      request: { body: bodyFor(create.body, plan, best.candidate) },
    };
  }

  async #rank(plan: MachinePlan, now: number, send: RemedyContext["send"]): Promise<Ranking> {
    const sizes = await this.#reader.sizes(plan, send, now);
    for (const [key, offer] of sizes ?? []) this.#offers.set(key, offer);
    const candidates = this.#candidates(plan, sizes, now);
    const knowledge = await this.#reader.read(plan, candidates, send, now);
    return rank(plan, candidates, knowledge, (candidate) => this.#lately(plan, candidate, now), now);
  }

  #lately(plan: MachinePlan, candidate: Candidate, now: number): Lately {
    const offer = this.#offerOf(plan, candidate);
    const refused = [offer, ...this.#siblings(offer, "smaller")].flatMap(
      (one) => this.#memory.fullUntil(one, now) ?? [],
    );
    const inRoom = [offer, ...this.#siblings(offer, "bigger")]
      // Spot machines get what regular ones leave.
      .flatMap((one) => (one.spot ? [one] : [one, { ...one, spot: true }]))
      .flatMap((one) => this.#memory.roomAt(one, now) ?? []);
    const biggerRefused = this.#siblings(offer, "bigger").flatMap((one) => this.#memory.refusedAt(one, now) ?? []);
    return {
      biggerRefusedAt: biggerRefused.length === 0 ? undefined : Math.max(...biggerRefused),
      refusedUntil: refused.length === 0 ? undefined : Math.max(...refused),
      roomAt: inRoom.length === 0 ? undefined : Math.max(...inRoom),
    };
  }

  /**
   * Sizes of one family share hardware: where a smaller one finds no room, a bigger one finds none either, and where a bigger
   * one was placed, there is room for a smaller.
   */
  #siblings(offer: Offer, which: "smaller" | "bigger"): Offer[] {
    const { family, vCPUs } = this.#offers.get(foldName(offer.size)) ?? {};
    if (!family || vCPUs === undefined) return [];
    const fits = (other: number): boolean => (which === "smaller" ? other < vCPUs : other > vCPUs);
    return [...this.#offers.values()]
      .filter((other) => other.family === family && fits(other.vCPUs))
      .map(({ name }) => ({ ...offer, size: name }));
  }

  #count(plan: MachinePlan, url: string, { size, spot }: Candidate, now: number): Promise<void> {
    const offer = this.#offers.get(foldName(size));
    return offer ? this.#reader.countCreate(plan, url, offer, spot, now) : Promise.resolve();
  }

  /** Everything that the caller allows, starting with the original request: each priority, each size, each zone. */
  #candidates(plan: MachinePlan, offers: SizeOffers | undefined, now: number): Candidate[] {
    const { zones = [], spot } = this.#options;
    const sizes = unique([plan.size, ...this.#sizesFor(plan, offers, now)]);
    const places = plan.zone === undefined && zones.length === 0 ? [undefined] : unique([plan.zone, ...zones]);
    const priorities =
      spot === "spot-first" ? [true, false] : plan.spot && spot === "regular" ? [true, false] : [plan.spot];
    return priorities.flatMap((isSpot) =>
      sizes.flatMap((size) => places.map((zone) => ({ size, zone, spot: isSpot }))),
    );
  }

  #sizesFor(plan: MachinePlan, offers: SizeOffers | undefined, now: number): readonly string[] {
    const { sizes = [] } = this.#options;
    if ("kind" in sizes) {
      const asked = offers?.get(foldName(plan.size));
      return offers && asked ? similarSizes(asked, offers, plan.needs, sizes, now).map(({ name }) => name) : [];
    }
    return sizes;
  }

  #offerOf({ subscription, region }: MachinePlan, { size, zone, spot }: Candidate): Offer {
    return { subscription, region, size, zone, spot, family: this.#offers.get(foldName(size))?.family };
  }
}

/** Whether another candidate may help: no room, a size that is not offered, a quota other than the regional one. */
function isShortage({ category, code = "", message }: Diagnosis): boolean {
  if (category === "capacity") return true;
  if (/^(?:SkuNotAvailable|NotAvailableForSubscription|VMSizeNotSupported)$/i.test(code)) return true;
  return category === "quota" && /famil|low-?\s?priority|spot/i.test(message);
}

/** Codes of instances that found no room; of any other failure another size is no cure. */
const shortageCodes = /AllocationFailed|AllocationRequest|SkuNotAvailable|OutOfCapacity/i;

const keyOf = ({ size, zone = "", spot }: Candidate): string => `${foldName(size)}|${zone}|${spot}`;
const unique = <Item>(items: readonly Item[]): Item[] => [...new Set(items)];

function inWords(plan: MachinePlan, why: string, { candidate, reason }: Judged, ranking: Ranking): string {
  const others = leftOutInWords(ranking);
  return `${wordsFor(plan)}: ${why}; ${wordsFor(candidate)} instead (${reason})${others === "" ? "" : `; ${others}`}`;
}

function whyNotAsked(plan: MachinePlan, { open, leftOut }: Ranking): string {
  const judged = [...leftOut, ...open].find(({ candidate }) => keyOf(candidate) === keyOf(plan));
  return judged?.reason ?? "another candidate is better";
}

function exhausted(ranking: Ranking, { kept }: LeftBehind, tries: number): string {
  const tried = `every candidate that is allowed was tried (${tries})`;
  const blocked = kept.map(({ candidate, reason }) => `${wordsFor(candidate)} was not tried: ${reason}`);
  return [blocked.length > 0 ? blocked.join("; ") : tried, leftOutInWords(ranking)].filter(Boolean).join("; ");
}

function checkOptions(options: CapacityFallbackOptions): void {
  check(
    typeof (options as unknown) === "object" && (options as unknown) !== null,
    "fallback",
    options,
    "an object: { sizes, zones, spot }",
  );
  checkNames("fallback", options, optionNames);
  const { sizes, zones, spot, plan, deleteFailed, memory } = options;
  check(
    sizes === undefined || isNames(sizes) || (sizes as Partial<SimilarSizes>).kind === "similar",
    "fallback.sizes",
    sizes,
    'a list of sizes, such as ["Standard_D2as_v5"], or similar()',
  );
  check(zones === undefined || isNames(zones), "fallback.zones", zones, 'a list of zones, such as ["1", "2"]');
  check(
    spot === undefined || ["regular", "spot-first"].includes(spot),
    "fallback.spot",
    spot,
    '"regular" or "spot-first"',
  );
  check(plan === undefined || ["first", "after"].includes(plan), "fallback.plan", plan, '"first" or "after"');
  check(
    deleteFailed === undefined || typeof deleteFailed === "boolean",
    "fallback.deleteFailed",
    deleteFailed,
    "true or false",
  );
  check(memory === undefined || memory instanceof CapacityMemory, "fallback.memory", memory, "a CapacityMemory");
  check(
    sizes !== undefined || zones !== undefined || spot !== undefined,
    "fallback",
    options,
    "given sizes, zones or spot: it would have nothing to try",
  );
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item !== "");
}
