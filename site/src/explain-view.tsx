import { useMemo, useRef, useState } from "preact/hooks";
import { diagnoseAll, type FailureInText } from "azure-remedy/diagnose";
import { zh } from "azure-remedy/zh";
import { redact } from "../../src/failure/secrets/redact.js";
import { FailureCard, DispositionBadge, nameOf } from "./failure-card.js";
import { samples } from "./samples.js";
import type { Language } from "./settings.js";
import type { Strings } from "./strings.js";
import { TextWithMarks } from "./text-with-marks.js";

/** A longer text is a whole log, of which the end says what failed. */
const longestText = 400_000;

interface Props {
  readonly words: Strings;
  readonly language: Language;
  readonly text: string;
  readonly setText: (text: string) => void;
}

export function ExplainView({ words, language, text, setText }: Props) {
  const [note, setNote] = useState("");
  const [active, setActive] = useState(0);
  const failures = useMemo(
    () => (text.trim() === "" ? [] : diagnoseAll(text, language === "zh" ? { language: zh } : {})),
    [text, language],
  );
  const known = failures.filter(({ diagnosis }) => diagnosis.basis !== "none");
  const input = useRef<HTMLTextAreaElement>(null);

  /** What is drawn, and kept, is the text without its secrets. */
  const take = (given: string): void => {
    const end = given.slice(-longestText);
    const clean = redact(end);
    const removed = countOf(clean) - countOf(end);
    setNote([end.length < given.length && words.cut, removed > 0 && words.redacted(removed)].filter(Boolean).join(" "));
    setActive(0);
    setText(clean);
  };
  const clear = (): void => {
    take("");
    input.current?.focus();
  };
  const show = (index: number): void => {
    setActive(index);
    document.getElementById(`mark-${index}`)?.scrollIntoView({ block: "center", behavior: "smooth" });
  };

  return (
    <div class={`explain ${failures.length > 0 ? "explained" : ""}`}>
      <div class="paste">
        <h1>{words.lead}</h1>
        <div class="label-line">
          <label for="text">{words.inputLabel}</label>
          {text !== "" && (
            <button type="button" class="quiet" onClick={clear}>
              {words.clear}
            </button>
          )}
        </div>
        <TextWithMarks
          id="text"
          input={input}
          text={text}
          placeholder={words.placeholder}
          failures={known}
          active={active}
          onText={take}
        />
        <p class="note" role="status">
          {note}
        </p>
        {text === "" && <p class="promise">{words.privacy}</p>}
        <div class="samples">
          <span>{words.examples}</span>
          {samples.map((sample) => (
            <button type="button" key={sample.name} onClick={() => take(sample.text)}>
              {sample.name}
            </button>
          ))}
        </div>
      </div>
      <section class="results" aria-label={words.failures}>
        <p class={known.length > 1 ? "count" : "hidden"} role="status">
          {text.trim() === "" ? "" : known.length === 0 ? words.unknown : words.found(known.length)}
        </p>
        {text.trim() !== "" && known.length === 0 && <Unknown words={words} />}
        {known.length > 1 && <FailureList words={words} failures={known} />}
        {known.map((failure, index) => (
          <FailureCard
            key={`${index} ${failure.span.from} ${nameOf(failure.diagnosis)}`}
            {...{ words, language, failure, index }}
            onShow={() => show(index)}
          />
        ))}
      </section>
    </div>
  );
}

const countOf = (text: string): number => text.split("[redacted]").length - 1;

const Unknown = ({ words }: { readonly words: Strings }) => (
  <div class="card unknown">
    <h2>{words.unknown}</h2>
    <p>{words.unknownHelp}</p>
  </div>
);

interface ListProps {
  readonly words: Strings;
  readonly failures: readonly FailureInText[];
}

function FailureList({ words, failures }: ListProps) {
  return (
    <ol class="failure-list">
      {failures.map(({ diagnosis, occurrences }, index) => (
        <li key={index}>
          <button type="button" onClick={() => focusCard(index)}>
            <DispositionBadge words={words} disposition={diagnosis.disposition} />
            <strong>{nameOf(diagnosis)}</strong>
            {occurrences > 1 && <span class="times">{words.times(occurrences)}</span>}
          </button>
        </li>
      ))}
    </ol>
  );
}

function focusCard(index: number): void {
  const card = document.getElementById(`failure-${index}`);
  card?.scrollIntoView({ block: "start", behavior: "smooth" });
  card?.focus({ preventScroll: true });
}
