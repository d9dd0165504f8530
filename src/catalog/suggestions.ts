/** Names similar to a misspelt one, most similar first. */
export function suggestionsFor(wanted: string, names: readonly string[], most = 3): string[] {
  return names
    .map((name) => ({ name, likeness: likeness(name, wanted) }))
    .filter((candidate) => candidate.likeness > 0.4)
    .sort((one, other) => other.likeness - one.likeness)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Shared pairs of letters, from 0 to 1: enough to find a misspelt name. */
function likeness(one: string, other: string): number {
  const [mine, theirs] = [pairsOf(one), pairsOf(other)];
  const shared = [...mine].filter((pair) => theirs.has(pair)).length;
  return (2 * shared) / Math.max(1, mine.size + theirs.size);
}

function pairsOf(text: string): Set<string> {
  const lower = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, index) => lower.slice(index, index + 2)));
}
