import { useState } from "preact/hooks";
import type { Diagnosis, Disposition, FailureInText } from "azure-remedy/diagnose";
import { explain } from "../../src/cli/explain/explanation.js";
import { rules } from "./rules.js";
import { ruleAddress } from "./route.js";
import type { Language } from "./settings.js";
import { Steps } from "./steps.js";
import { formatWait, type Strings } from "./strings.js";

export const nameOf = ({ code, status, rule }: Diagnosis): string =>
  code ?? (status === undefined ? (rule?.id ?? "?") : `HTTP ${status}`);

interface BadgeProps {
  readonly words: Strings;
  readonly disposition: Disposition;
}

const symbols: Readonly<Record<Disposition, string>> = {
  transient: "↻",
  indeterminate: "?",
  adaptable: "⇄",
  permanent: "✕",
};

export const DispositionBadge = ({ words, disposition }: BadgeProps) => (
  <span class={`badge ${disposition}`} title={words.dispositionHelp[disposition]}>
    <span aria-hidden="true">{symbols[disposition]} </span>
    {words.dispositions[disposition]}
  </span>
);

interface CardProps {
  readonly words: Strings;
  readonly language: Language;
  readonly failure: FailureInText;
  readonly index: number;
  readonly onShow: () => void;
}

export function FailureCard({ words, language, failure, index, onShow }: CardProps) {
  const { diagnosis, occurrences } = failure;
  const { explanation, disposition, category, status, remedy, parameters, others, rule, basis } = diagnosis;
  const { messageZh } = explain(diagnosis, occurrences, {
    blanks: new Map(),
    ruleOf: (id) => rules.get(id),
    lang: language,
  });
  return (
    <article class={`card ${disposition}`} id={`failure-${index}`} tabIndex={-1} aria-labelledby={`title-${index}`}>
      <header>
        <h2 id={`title-${index}`}>{nameOf(diagnosis)}</h2>
        <p class="facts">
          <DispositionBadge {...{ words, disposition }} />
          <span>{words.categories[category]}</span>
          {status !== undefined && <span>HTTP {status}</span>}
          {occurrences > 1 && <span>{words.times(occurrences)}</span>}
          <button type="button" class="quiet" onClick={onShow}>
            {words.showInText}
          </button>
        </p>
      </header>
      <p class="explanation">{explanation}</p>
      {messageZh !== undefined && (
        <p class="message-zh" lang="zh-CN">
          {messageZh}
        </p>
      )}
      <Retry {...{ words, diagnosis }} />
      {remedy.steps.length > 0 && (
        <>
          <h3>{words.whatToDo}</h3>
          <Steps {...{ words, parameters }} steps={remedy.steps} />
        </>
      )}
      {remedy.automatic !== undefined && (
        <p class="automatic">
          {words.automatic} <code>{`withRemedy(client, { remedies: [${remedy.automatic}(…)] })`}</code>
        </p>
      )}
      <Nesting {...{ words, diagnosis }} />
      {others.length > 0 && (
        <>
          <h3>{words.also}</h3>
          <ul class="others">
            {others.map((other, at) => (
              <li key={at}>
                <DispositionBadge words={words} disposition={other.disposition} /> <strong>{other.code}</strong>{" "}
                {other.message}
              </li>
            ))}
          </ul>
        </>
      )}
      <footer>
        <p>
          {words.basis[basis]}{" "}
          {rule && (
            <>
              {words.rule}: <a href={ruleAddress(rule.id)}>{rule.id}</a>
            </>
          )}
        </p>
        <p>
          <a href={remedy.docs}>{words.more}</a>
        </p>
        <Support {...{ words, diagnosis }} />
      </footer>
    </article>
  );
}

interface PartProps {
  readonly words: Strings;
  readonly diagnosis: Diagnosis;
}

function Retry({ words, diagnosis }: PartProps) {
  const { disposition, execution, retryAfterMs } = diagnosis;
  const { retry } = explain(diagnosis, 1, { blanks: new Map(), ruleOf: () => undefined, lang: "en" });
  const wait = formatWait(retry.afterMs ?? 0, words);
  const reason = {
    transient: retryAfterMs === undefined ? words.retry.usual(wait) : words.retry.asked(wait),
    indeterminate: words.retry.readFirst,
    adaptable: words.retry.changed,
    permanent: words.retry.never,
  }[disposition];
  return (
    <p class="retry">
      <span>{words.retryHelps}</span> <strong>{retry.helps ? words.retry.yes : words.retry.no}</strong> {reason}
      {execution === "unknown" && disposition !== "indeterminate" && ` ${words.retry.caution}`}
    </p>
  );
}

/** The errors as they were nested: the outermost first, the root, which decides, last and marked. */
function Nesting({ words, diagnosis: { chain } }: PartProps) {
  if (chain.length < 2) return null;
  const branch = (at: number) => {
    const node = chain[at];
    if (node === undefined) return null;
    const isRoot = at === chain.length - 1;
    return (
      <ul>
        <li class={isRoot ? "root" : ""}>
          <div>
            {node.code !== undefined && <strong>{node.code}</strong>} {isRoot && <span class="tag">{words.root}</span>}
            {node.message !== "" && <Message text={node.message} isWhole={isRoot} />}
          </div>
          {!isRoot && branch(at + 1)}
        </li>
      </ul>
    );
  };
  return (
    <>
      <h3>{words.nested}</h3>
      <div class="tree">{branch(0)}</div>
    </>
  );
}

const shortMessage = 180;

/** What only wraps the root is shown in short. */
function Message({ text, isWhole }: { readonly text: string; readonly isWhole: boolean }) {
  const [isOpen, setOpen] = useState(isWhole || text.length <= shortMessage);
  return (
    <span class="node-message">
      {isOpen ? text : `${text.slice(0, shortMessage)} `}
      {!isOpen && (
        <button type="button" class="quiet" aria-label={text.slice(shortMessage)} onClick={() => setOpen(true)}>
          …
        </button>
      )}
    </span>
  );
}

function Support({ words, diagnosis: { requestId, correlationId } }: PartProps) {
  const ids = [
    [words.requestId, requestId],
    [words.correlationId, correlationId],
  ].filter(([, id]) => id !== undefined);
  if (ids.length === 0) return null;
  return (
    <p class="support">
      {words.support}:{" "}
      {ids.map(([name, id]) => (
        <span key={name}>
          {name} <code>{id}</code>{" "}
        </span>
      ))}
    </p>
  );
}
