import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { CatalogView } from "./catalog-view.js";
import { ExplainView } from "./explain-view.js";
import { useRoute } from "./route.js";
import { RuleView } from "./rule-view.js";
import { keepLanguage, keepTheme, storedLanguage, storedTheme, themes, type Language, type Theme } from "./settings.js";
import { strings, type Strings } from "./strings.js";

export function App() {
  const [language, setLanguage] = useState(storedLanguage);
  const [theme, setTheme] = useState(storedTheme);
  // Kept here, so that what was pasted is still there after a look into the catalog.
  const [text, setText] = useState("");
  const route = useRoute();
  const words = strings[language];
  useLayoutEffect(() => keepLanguage(language), [language]);
  useLayoutEffect(() => keepTheme(theme), [theme]);
  const main = useMovedFocus(route.view === "rule" ? route.name : route.view);
  useEffect(() => {
    document.title = route.view === "rule" ? `${route.name} · ${words.title}` : words.title;
  }, [route, words]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
        {words.skip}
      </a>
      <header>
        <div class="bar">
          <p class="brand">
            <Mark /> <span>{words.title}</span>
          </p>
          <nav>
            <a href="#" aria-current={route.view === "explain" ? "page" : undefined}>
              {words.explain}
            </a>
            <a href="#catalog" aria-current={route.view === "explain" ? undefined : "page"}>
              {words.catalog}
            </a>
          </nav>
          <Choices {...{ words, language, setLanguage, theme, setTheme }} />
        </div>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {route.view === "explain" && <ExplainView {...{ words, language, text, setText }} />}
        {route.view === "catalog" && <CatalogView {...{ words, language }} />}
        {route.view === "rule" && <RuleView {...{ words, language }} name={route.name} />}
      </main>
      <footer>
        <p>{words.offline}</p>
        <p>
          <a href="https://github.com/azure-remedy/azure-remedy">azure-remedy</a> · MIT ·{" "}
          <a href="https://github.com/azure-remedy/azure-remedy/blob/main/NOTICE">NOTICE</a>
        </p>
      </footer>
    </>
  );
}

interface ChoicesProps {
  readonly words: Strings;
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
}

function Choices({ words, language, setLanguage, theme, setTheme }: ChoicesProps) {
  return (
    <div class="choices">
      <label>
        <span class="hidden">{words.languageLabel}</span>
        <select value={language} onChange={(event) => setLanguage(event.currentTarget.value as Language)}>
          <option value="en" lang="en">
            English
          </option>
          <option value="zh" lang="zh-CN">
            中文
          </option>
        </select>
      </label>
      <label>
        <span class="hidden">{words.themeLabel}</span>
        <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
          {themes.map((one) => (
            <option key={one} value={one}>
              {words.themes[one]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A link inside the page changes what is shown: the focus goes there, as with a page of its own. Not at the first look. */
function useMovedFocus(view: string) {
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [view]);
  return main;
}

function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault();
  target?.focus();
}

const Mark = () => (
  <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="currentColor" />
    <path d="M14 7h4v7h7v4h-7v7h-4v-7H7v-4h7z" fill="var(--page)" />
  </svg>
);
