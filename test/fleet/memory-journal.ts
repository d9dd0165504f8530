import type { JournalStore } from "azure-remedy/fleet";

/** A journal in memory. A copy is what a process that is killed now leaves behind. */
export function memoryJournal(lines: string[] = []): JournalStore & { lines: string[]; copy(): JournalStore } {
  return {
    lines,
    copy: () => memoryJournal([...lines]),
    open: () =>
      Promise.resolve({
        lines: [...lines],
        append: (more) => Promise.resolve(void lines.push(...more)),
        rewrite: (kept) => Promise.resolve(void lines.splice(0, lines.length, ...kept)),
        close: () => Promise.resolve(),
      }),
  };
}
