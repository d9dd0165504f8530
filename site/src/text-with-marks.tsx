import type { RefObject } from "preact";
import type { FailureInText } from "azure-remedy/diagnose";

interface Props {
  readonly id: string;
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly placeholder: string;
  readonly failures: readonly FailureInText[];
  readonly active: number;
  readonly onText: (text: string) => void;
}

/** The text field, with the words that were recognised marked: the marks lie behind it, in the same letters at the same places. */
export function TextWithMarks({ id, input, text, placeholder, failures, active, onText }: Props) {
  return (
    <div class={`editor ${text === "" ? "" : "filled"}`} tabIndex={-1}>
      <div class="marks" aria-hidden="true">
        {piecesOf(text, failures).map(({ part, failure, kind }, at) =>
          failure === undefined ? (
            part
          ) : (
            <mark
              key={at}
              id={kind === "first" ? `mark-${failure}` : undefined}
              class={`${failures[failure]?.diagnosis.disposition ?? ""} ${failure === active ? "active" : ""}`}
            >
              {part}
            </mark>
          ),
        )}
        {"\n"}
      </div>
      <textarea
        id={id}
        ref={input}
        value={text}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </div>
  );
}

interface Piece {
  readonly part: string;
  readonly failure?: number;
  readonly kind?: "first" | "next";
}

/** The text cut at the borders of the marks; where two overlap, the first keeps the place. */
function piecesOf(text: string, failures: readonly FailureInText[]): Piece[] {
  const spans = failures
    .flatMap(({ codeSpan, messageSpan }, failure) =>
      [codeSpan, messageSpan].flatMap((span) => (span ? [{ ...span, failure }] : [])),
    )
    .sort((one, other) => one.from - other.from);
  const pieces: Piece[] = [];
  const seen = new Set<number>();
  let at = 0;
  for (const { from, to, failure } of spans) {
    const start = Math.max(from, at);
    if (start >= to) continue;
    if (start > at) pieces.push({ part: text.slice(at, start) });
    pieces.push({ part: text.slice(start, to), failure, kind: seen.has(failure) ? "next" : "first" });
    seen.add(failure);
    at = to;
  }
  pieces.push({ part: text.slice(at) });
  return pieces;
}
