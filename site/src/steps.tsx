import { useRef, useState } from "preact/hooks";
import { fillBlanks, foldBlank, openBlanks } from "../../src/cli/explain/fill-blanks.js";
import type { Strings } from "./strings.js";

interface Props {
  readonly words: Strings;
  readonly steps: readonly string[];
  /** What the error names: it fills blanks before anybody types. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What to do, one after the other, with each command apart, its blanks to fill in, and a button that copies it. */
export function Steps({ words, steps, parameters }: Props) {
  const [values, setValues] = useState<ReadonlyMap<string, string>>(new Map());
  const parts = steps.map((step) => partsOf(fillBlanks(step, new Map(), parameters)));
  const blanks = openBlanks(
    parts
      .flat()
      .filter(({ isCommand }) => isCommand)
      .map(({ text }) => text)
      .join(" "),
  );
  return (
    <>
      <ol class="steps">
        {parts.map((step, index) => (
          <li key={index}>
            {step.map(({ text, isCommand }, at) =>
              isCommand ? (
                <Command key={at} words={words} text={fillBlanks(text, values, {})} />
              ) : (
                <span key={at}>{text}</span>
              ),
            )}
          </li>
        ))}
      </ol>
      {blanks.length > 0 && (
        <fieldset class="blanks">
          <legend>{words.fillIn}</legend>
          {blanks.map((name) => (
            <label key={name}>
              <span>{name}</span>
              <input
                type="text"
                autocomplete="off"
                spellcheck={false}
                onInput={({ currentTarget: { value } }) => setValues(withValue(values, name, value))}
              />
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}

function withValue(values: ReadonlyMap<string, string>, name: string, value: string): ReadonlyMap<string, string> {
  const next = new Map(values);
  if (value.trim() === "") next.delete(foldBlank(name));
  else next.set(foldBlank(name), quoted(value.trim()));
  return next;
}

/** As one argument of a command. */
const quoted = (value: string): string =>
  /^[\w.:/@-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;

interface Part {
  readonly text: string;
  readonly isCommand: boolean;
}

/** Commands stand at the beginning of a step or behind a colon, and go on to the end of the sentence. */
const command = /(?<=^|[:：]\s*)(?:az|azure-remedy|base64|npx|npm) [^]*?(?=\.\s+[A-Z]|。|$)/g;

function partsOf(step: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of step.matchAll(command)) {
    parts.push({ text: step.slice(at, match.index), isCommand: false }, { text: match[0], isCommand: true });
    at = match.index + match[0].length;
  }
  parts.push({ text: step.slice(at), isCommand: false });
  return parts.filter(({ text }) => text.trim() !== "");
}

function Command({ words, text }: { readonly words: Strings; readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    if (!(await copyText(text, code.current))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <span class="command">
      <code ref={code}>
        {text.split(/(<[A-Za-z][A-Za-z-]*>)/).map((piece, at) => (at % 2 === 1 ? <i key={at}>{piece}</i> : piece))}
      </code>
      <button type="button" onClick={() => void copy()} aria-label={`${words.copy}: ${text}`}>
        {isCopied ? words.copied : words.copy}
      </button>
      <span class="hidden" role="status">
        {isCopied ? words.copied : ""}
      </span>
    </span>
  );
}

/** A page from a file may not use the clipboard directly in every browser; copying what is selected works there. */
async function copyText(text: string, element: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const selection = getSelection();
    if (!selection || !element) return false;
    selection.selectAllChildren(element);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way left
    return document.execCommand("copy");
  }
}
