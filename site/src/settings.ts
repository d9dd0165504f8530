/** Language and colours: what the reader chose last, else what the browser prefers. */

export type Language = "en" | "zh";
export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const prefix = "azure-remedy:";

export function storedLanguage(): Language {
  const stored = read("language");
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function storedTheme(): Theme {
  return themes.find((theme) => theme === read("theme")) ?? "auto";
}

export function keepLanguage(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  keep("language", language);
}

export function keepTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  keep("theme", theme);
}

// A browser may refuse storage, to pages of files above all; then the choice lasts as long as the page.
function read(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    return;
  }
}
