/**
 * Explanations, steps and summaries in another language, sentence by sentence: what a language lacks stays English, and
 * commands are the same in every language. The core knows only the type; a language imports this module.
 */
import { renderAdvice } from "./advice.js";
import type { Language, RemedyAdvice } from "./diagnosis.js";
import type { Category, RuleKnowledge } from "./rule.js";
import { cutText, isFilledBy, valueOf, type Parameters } from "./template.js";

/** The texts of a language. Plain data. */
export interface LanguageTexts {
  /** BCP 47 tag. */
  readonly tag: string;
  /**
   * By the English sentence, with the same `{placeholders}`; for a step with a command, the part before the command.
   */
  readonly sentences: Readonly<Record<string, string>>;
  /** The noun for a name that the message did not give, by placeholder. */
  readonly nouns: Readonly<Record<string, string>>;
  /** What happened, as far as the category says: for explanations with values that have no noun. */
  readonly categories: Readonly<Record<Category, string>>;
}

export function defineLanguage(texts: LanguageTexts): Language {
  return {
    tag: texts.tag,
    renderAdvice: (knowledge, parameters, refinement) => {
      const { explanation, remedy } = renderAdvice(
        translated(texts, knowledge, parameters),
        parameters,
        refinement && translated(texts, refinement, parameters),
      );
      return { explanation, remedy: { ...remedy, summary: summaryIn(texts, remedy) } };
    },
  };
}

function translated(language: LanguageTexts, knowledge: RuleKnowledge, parameters: Parameters): RuleKnowledge {
  const explanation = language.sentences[knowledge.explanation];
  return {
    ...knowledge,
    ...(explanation !== undefined && {
      explanation: withNouns(language, explanation, knowledge.category, parameters),
    }),
    steps: knowledge.steps.map((step) => stepIn(language, step)),
  };
}

/** The English text adapts its grammar; in other languages a noun replaces each name that was not read. */
function withNouns(language: LanguageTexts, explanation: string, category: Category, parameters: Parameters): string {
  const text = cutText(explanation);
  if (isFilledBy(text, parameters)) return explanation;
  const missing = text.names.filter((name) => valueOf(parameters, name) === undefined);
  if (missing.some((name) => language.nouns[name] === undefined)) return language.categories[category];
  return missing.reduce((filled, name) => filled.replaceAll(`{${name}}`, language.nouns[name] ?? ""), explanation);
}

function stepIn({ sentences }: LanguageTexts, step: string): string {
  const at = /^(?:az|npx) |: (?:az|npx) /.exec(step)?.index;
  const prose = at === undefined ? step : at === 0 ? "" : step.slice(0, at + 2);
  return (sentences[prose] ?? prose) + step.slice(prose.length);
}

function summaryIn({ sentences }: LanguageTexts, { summary, automatic = "" }: RemedyAdvice): string {
  const template = automatic === "" ? summary : summary.replace(automatic, "{automatic}");
  return (sentences[template] ?? template).replace("{automatic}", automatic);
}
