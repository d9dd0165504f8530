/**
 * How likely operations of one kind are to end at each age, learned from polls: a poll that finds an operation running
 * shows that it did not end since the previous poll; one that finds it ended shows that it ended in between. So running
 * operations count as well as ended ones, and frequent polling does not look like frequent ends.
 *
 * Ages are in seconds, in bins that grow with age.
 */

const bins = 64;
/** Each bin is longer than the previous by this factor. The first ends at one second, the last after two hours. */
const growth = 1.152;
/** The prior, for new kinds and ages not reached yet: as if this many operations had ended evenly at all ages. */
const priorWeight = 2;
/** The age that operations are assumed to have at the start, which keeps the first hazard finite. */
const headStart = 10;
/** After this many ends, all counts are halved so that changes show. */
const halvedAfter = 256;

const starts = Float64Array.from({ length: bins + 1 }, (_, bin) => (bin === 0 ? 0 : growth ** (bin - 1)));
const startOf = (bin: number): number => starts[bin] ?? 0;

export class Hazard {
  /** For each bin, the operations that ended in it and the seconds that operations ran in it. */
  readonly #ended = new Float64Array(bins);
  readonly #ran = new Float64Array(bins);
  /** The hazard up to the start of each bin; undefined when out of date. */
  #upTo: Float64Array | undefined;
  #ends = 0;

  /** The fraction of operations still running at `age` that end each second. */
  at(age: number): number {
    const span = Math.max(2, age * 0.2);
    return this.#between(age, age + span) / span;
  }

  /** The probability that an operation running at age `from` has ended at age `to`. */
  endedBetween(from: number, to: number): number {
    return 1 - Math.exp(-this.#between(from, to));
  }

  /** An operation ran at age `from` and still runs at `to`. */
  noteRunning(from: number, to: number): void {
    forEachBin(from, to, (bin, seconds) => add(this.#ran, bin, seconds));
    this.#upTo = undefined;
  }

  /** An operation ran at age `from` and has ended at `to`. Its end is divided among the bins by probability. */
  noteEnded(from: number, to: number): void {
    const total = this.#between(from, to);
    const before = this.#sums;
    forEachBin(from, to, (bin, seconds) => {
      const part = total > 0 ? (seconds * slopeOf(before, bin)) / total : 1;
      add(this.#ended, bin, part);
      add(this.#ran, bin, seconds / 2);
    });
    if (++this.#ends >= halvedAfter) this.#halve();
    this.#upTo = undefined;
  }

  #between(from: number, to: number): number {
    return to <= from ? 0 : hazardUpTo(this.#sums, to) - hazardUpTo(this.#sums, from);
  }

  get #sums(): Float64Array {
    if (this.#upTo) return this.#upTo;
    const sums = new Float64Array(bins + 1);
    for (let bin = 0; bin < bins; bin++) {
      const start = startOf(bin);
      const seconds = startOf(bin + 1) - start;
      const prior = priorWeight * Math.log((start + seconds + headStart) / (start + headStart));
      const ended = (this.#ended[bin] ?? 0) + prior;
      const ran = (this.#ran[bin] ?? 0) + priorWeight * seconds;
      sums[bin + 1] = (sums[bin] ?? 0) + (ended / ran) * seconds;
    }
    this.#upTo = sums;
    return sums;
  }

  #halve(): void {
    this.#ends = halvedAfter / 2;
    for (const counts of [this.#ended, this.#ran]) counts.forEach((count, bin) => (counts[bin] = count / 2));
  }
}

function binOf(age: number): number {
  return age < 1 ? 0 : Math.min(bins - 1, Math.floor(Math.log(age) / Math.log(growth)) + 1);
}

function forEachBin(from: number, to: number, visit: (bin: number, seconds: number) => void): void {
  const last = binOf(to);
  for (let bin = binOf(from); bin <= last; bin++) {
    const seconds = Math.min(to, startOf(bin + 1)) - Math.max(from, startOf(bin));
    if (seconds > 0) visit(bin, seconds);
  }
}

function add(counts: Float64Array, bin: number, more: number): void {
  counts[bin] = (counts[bin] ?? 0) + more;
}

/** Hazard per second in a bin. */
function slopeOf(sums: Float64Array, bin: number): number {
  return ((sums[bin + 1] ?? 0) - (sums[bin] ?? 0)) / (startOf(bin + 1) - startOf(bin));
}

function hazardUpTo(sums: Float64Array, age: number): number {
  const bin = binOf(age);
  return (sums[bin] ?? 0) + (age - startOf(bin)) * slopeOf(sums, bin);
}
