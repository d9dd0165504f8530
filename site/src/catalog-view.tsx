import { useMemo, useState } from "preact/hooks";
import { categories, dispositions, type Family, type Rule } from "azure-remedy/diagnose";
import { DispositionBadge } from "./failure-card.js";
import { ruleAddress } from "./route.js";
import { isRule, search, textsOf } from "./rules.js";
import type { Language } from "./settings.js";
import type { Strings } from "./strings.js";

/** Rules that are drawn at first, and with each "more". */
const pageSize = 50;

interface Filter {
  readonly query: string;
  readonly category: string;
  readonly disposition: string;
  readonly document: string;
}

const everything: Filter = { query: "", category: "", disposition: "", document: "" };

interface Props {
  readonly words: Strings;
  readonly language: Language;
}

export function CatalogView({ words, language }: Props) {
  const [filter, setFilter] = useState(everything);
  const [shown, setShown] = useState(pageSize);
  const found = useMemo(
    () => readableFirst(search(filter.query), language).filter((knowledge) => fits(knowledge, filter)),
    [filter, language],
  );
  const change = (part: Partial<Filter>): void => {
    setFilter({ ...filter, ...part });
    setShown(pageSize);
  };
  return (
    <div class="catalog">
      <h1>{words.catalog}</h1>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="search">
          <span>{words.searchLabel}</span>
          <input
            type="search"
            placeholder={words.searchPlaceholder}
            value={filter.query}
            onInput={(event) => change({ query: event.currentTarget.value })}
          />
        </label>
        <Select
          {...{ words }}
          label={words.category}
          options={categories.map((one) => [one, words.categories[one]])}
          onValue={(category) => change({ category })}
        />
        <Select
          {...{ words }}
          label={words.disposition}
          options={dispositions.map((one) => [one, words.dispositions[one]])}
          onValue={(disposition) => change({ disposition })}
        />
        <Select
          {...{ words }}
          label={words.document}
          options={Object.entries(words.documents)}
          onValue={(document) => change({ document })}
        />
      </form>
      <p role="status">{words.rules(found.length)}</p>
      <ul class="rule-list">
        {found.slice(0, shown).map((knowledge) => (
          <li key={knowledge.id}>
            <a href={ruleAddress(knowledge.id)}>{knowledge.id}</a>
            <DispositionBadge words={words} disposition={knowledge.disposition} />
            <span class="category">{words.categories[knowledge.category]}</span>
            <span class="explanation">{textsOf(knowledge, language).explanation}</span>
          </li>
        ))}
      </ul>
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + pageSize)}>
          {words.moreRules(Math.min(pageSize, found.length - shown))}
        </button>
      )}
    </div>
  );
}

/** Not all of the catalog is translated: a reader of Chinese meets first what is. */
function readableFirst(found: readonly (Rule | Family)[], language: Language): readonly (Rule | Family)[] {
  if (language === "en") return found;
  const isTranslated = (knowledge: Rule | Family): boolean =>
    textsOf(knowledge, language).explanation !== knowledge.explanation;
  return [...found.filter(isTranslated), ...found.filter((knowledge) => !isTranslated(knowledge))];
}

function fits(knowledge: Rule | Family, { category, disposition, document }: Filter): boolean {
  const sources = isRule(knowledge) ? knowledge.sources : [];
  return (
    (category === "" || knowledge.category === category) &&
    (disposition === "" || knowledge.disposition === disposition) &&
    (document === "" ||
      (document === "none" ? sources.length === 0 : sources.some((source) => source.document === document)))
  );
}

interface SelectProps {
  readonly words: Strings;
  readonly label: string;
  readonly options: readonly (readonly [value: string, name: string])[];
  readonly onValue: (value: string) => void;
}

const Select = ({ words, label, options, onValue }: SelectProps) => (
  <label>
    <span>{label}</span>
    <select onChange={(event) => onValue(event.currentTarget.value)}>
      <option value="">{words.all}</option>
      {options.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  </label>
);
