import type { Family, Rule } from "azure-remedy/diagnose";
import { DispositionBadge } from "./failure-card.js";
import { ruleAddress } from "./route.js";
import { findByName, isRule, textsOf } from "./rules.js";
import type { Language } from "./settings.js";
import { Steps } from "./steps.js";
import type { Strings } from "./strings.js";

interface Props {
  readonly words: Strings;
  readonly language: Language;
  readonly name: string;
}

export function RuleView({ words, language, name }: Props) {
  const found = findByName(name);
  return (
    <div class="rule-page">
      <p>
        <a href="#catalog">← {words.back}</a>
      </p>
      <h1>{found.length === 0 ? words.noRule(name) : name}</h1>
      {found.map((knowledge) => (
        <RuleCard key={knowledge.id} {...{ words, language, knowledge }} isTitled={knowledge.id !== name} />
      ))}
    </div>
  );
}

interface CardProps {
  readonly words: Strings;
  readonly language: Language;
  readonly knowledge: Rule | Family;
  /** False where the page's own title is the name. */
  readonly isTitled: boolean;
}

function RuleCard({ words, language, knowledge, isTitled }: CardProps) {
  const { id, disposition, category, automatic, docs } = knowledge;
  const { explanation, steps } = textsOf(knowledge, language);
  return (
    <article class={`card ${disposition}`}>
      <header>
        <h2 class={isTitled ? "" : "hidden"}>{isTitled ? <a href={ruleAddress(id)}>{id}</a> : id}</h2>
        <p class="facts">
          <DispositionBadge {...{ words, disposition }} />
          <span>{words.categories[category]}</span>
          {isRule(knowledge) && knowledge.status !== undefined && <span>HTTP {knowledge.status}</span>}
          {!isRule(knowledge) && <span>{words.family}</span>}
        </p>
      </header>
      <p class="explanation">{withPlaceholders(explanation)}</p>
      {isRule(knowledge) && <Messages {...{ words }} rule={knowledge} />}
      {steps.length > 0 && (
        <>
          <h3>{words.whatToDo}</h3>
          <Steps {...{ words, steps }} parameters={{}} />
        </>
      )}
      {automatic !== undefined && (
        <p class="automatic">
          {words.automatic} <code>{`withRemedy(client, { remedies: [${automatic}(…)] })`}</code>
        </p>
      )}
      <footer>
        <p>
          <a href={docs}>{words.more}</a>
        </p>
        {isRule(knowledge) &&
          knowledge.sources.map(({ document, row }) => (
            <p key={`${document} ${row}`}>
              {words.documents[document] ?? document}, {words.row(row)}
            </p>
          ))}
      </footer>
    </article>
  );
}

function Messages({ words, rule: { message, messageZh } }: { readonly words: Strings; readonly rule: Rule }) {
  return (
    <dl class="messages">
      {message !== undefined && (
        <>
          <dt>{words.message}</dt>
          <dd lang="en">{withPlaceholders(message)}</dd>
        </>
      )}
      {messageZh !== undefined && (
        <>
          <dt>{words.messageZh}</dt>
          <dd lang="zh-CN">{withPlaceholders(messageZh)}</dd>
        </>
      )}
    </dl>
  );
}

const withPlaceholders = (text: string) =>
  text.split(/(\{\w+\})/).map((piece, at) => (at % 2 === 1 ? <i key={at}>{piece}</i> : piece));
