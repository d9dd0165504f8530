/**
 * Between two words of a message there is a value with marks around it: `'install-agent' (` before the word
 * "publisher". The marks are removed, but not those that belong to a name: `Server (Core)` keeps its brackets, since
 * they are a pair.
 */

const marks = new Set(" \t\r\n'\"`‘’“”«»:;,，。：；".split(""));
const openings = "([{（";
const closings = ")]}）";

/** A value without the quotes, blanks, commas and single brackets around it; a full stop is removed only at its end. */
export function trimMarks(value: string): string {
  const partners = /[()[\]{}（）]/.test(value) ? pairsIn(value) : noPairs;
  let start = 0;
  let end = value.length;
  const goes = (at: number): boolean => {
    const char = value[at] ?? "";
    if (marks.has(char)) return true;
    if (!openings.includes(char) && !closings.includes(char)) return false;
    const partner = partners.get(at);
    if (partner === undefined || partner < start || partner >= end) return true;
    // A pair around the whole value belongs to the sentence; other than round brackets belong to a list or to JSON.
    return (char === "(" || char === ")") && Math.min(at, partner) === start && Math.max(at, partner) === end - 1;
  };
  for (let length = -1; length !== end - start;) {
    length = end - start;
    while (start < end && goes(start)) start += 1;
    while (end > start && (goes(end - 1) || value[end - 1] === ".")) end -= 1;
  }
  return value.slice(start, end);
}

const noPairs: ReadonlyMap<number, number> = new Map();

/** The position of each bracket's partner. */
function pairsIn(value: string): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < value.length; at++) {
    const char = value[at] ?? "";
    if (openings.includes(char)) open.push(at);
    const kind = closings.indexOf(char);
    if (kind < 0) continue;
    const last = open[open.length - 1];
    if (last === undefined || value[last] !== openings[kind]) continue;
    open.pop();
    pairs.set(last, at).set(at, last);
  }
  return pairs;
}
