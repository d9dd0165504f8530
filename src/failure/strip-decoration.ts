/**
 * Removes what terminals, logs, chats and mail added to a text before it was pasted: gutters, timestamps, levels,
 * colours, Markdown, HTML entities, typographic quotes, and the mask that some build servers put over braces. Line
 * breaks stay, since labels are at the beginning of lines.
 */
import { maxTextChars, cut } from "./read-limits.js";

export function stripDecoration(text: string): string {
  let clean = headAndTail(text);
  if (clean.includes("\r")) clean = clean.replace(/\r+\n?/g, "\n");
  // eslint-disable-next-line no-control-regex -- colours of a terminal begin with this character
  if (clean.includes("\u001b")) clean = clean.replace(/\u001b\[[\d;]{0,20}[A-Za-z]/g, "");
  if (clean.includes("&")) clean = clean.replace(/&(?:#(\d{1,5})|([a-z]{2,5}));/gi, decodeEntity);
  if (clean.includes("<")) clean = withoutTags(clean);
  if (clean.includes("*"))
    clean = clean
      .replace(/(?<!\*)\*{3}(?=\s{0,64}\\{0,8}["']\w{1,32}\\{0,8}["']\s?:)/g, "{")
      .replace(/(?<!\*)\*\*(?!\*)/g, "");
  if (clean.includes("`")) clean = clean.replace(/(?<!`)`(\w{1,100})`(?!`)/g, "$1");
  if (clean.includes("](")) clean = clean.replace(/\[([^\][\n]{1,300})\]\((?:https?:|[/#.])[^()\s]{1,500}\)/g, "$1");
  if (/[“”„]/.test(clean)) {
    // If there are no other quotes, typographic ones are an editor's work; otherwise they mark a code if they enclose
    // one word.
    clean = clean.includes('"') ? clean.replace(/[“„](\w[\w.]{0,100})\\?[“”]/g, "'$1'") : clean.replace(/[“„”]/g, '"');
  }
  if (/[‘’]/.test(clean) && !clean.includes("'") && !clean.includes('"')) clean = clean.replace(/[‘’]/g, "'");
  const lines = clean.split("\n").map(withoutPrefix);
  return (clean.includes("CategoryInfo") ? withoutErrorRecord(lines) : lines).join("\n");
}

/**
 * Below its message, Windows PowerShell prints the position in the script and the .NET exception. Generated modules put
 * the service's code in front of their own id: `FullyQualifiedErrorId : DiskBusy,Microsoft.Azure…`.
 */
function withoutErrorRecord(lines: readonly string[]): string[] {
  let isInRecord = false;
  return lines.flatMap((line) => {
    if (
      /^At (?:line|.{1,260}):\d{1,7} char:\d/.test(line) ||
      /^\s*\+ (?:CategoryInfo|FullyQualifiedErrorId)/.test(line)
    )
      isInRecord = true;
    else if (isInRecord && !/^\s*\+ |^ {3,}\S/.test(line)) isInRecord = false;
    if (!isInRecord) return [line];
    const code =
      /FullyQualifiedErrorId\s{0,16}: (?!\w{0,40}(?:Exception|CloseError))([A-Z]\w{3,100}),Microsoft\.Azure/.exec(
        line,
      )?.[1];
    return code === undefined ? [] : [`(Code: ${code})`];
  });
}

/** Logs say at one of the two ends what failed. */
export function headAndTail(text: string): string {
  if (text.length <= maxTextChars) return text;
  const half = maxTextChars / 2;
  return `${cut(text, half)}\n\n${text.slice(-half)}`;
}

const entities: Record<string, string> = { quot: '"', apos: "'", amp: "&", lt: "<", gt: ">", nbsp: " " };

function decodeEntity(entity: string, decimal: string | undefined, name: string | undefined): string {
  if (decimal !== undefined) return String.fromCharCode(Number(decimal));
  return entities[(name ?? "").toLowerCase()] ?? entity;
}

/** `<https://…>` of Markdown, and tags left by mail and wikis; tags of an XML error stay. */
function withoutTags(text: string): string {
  return text
    .replace(/<(https?:\/\/[^\s<>]{1,2000})>/g, "$1")
    .replace(/<br ?\/?>/gi, "\n")
    .replace(/<\/?(?:a|b|i|p|em|span|div|strong|pre|blockquote)(?: [^<>]{0,500})?>/gi, "");
}

const gutter = /^[ \t]*(?:(?:[│╷╵┃|>]|(?:#|\/\/)(?=[ \t]))[ \t]*)+/;
const stamp = /^[ \t]*\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:?[ \t]*/;
const level =
  /^[ \t]*(?:##\[\w{1,16}\]|\[?(?:VERBOSE|DEBUG|INFO|WARNING|WARN|ERROR|FATAL)\]?:?(?=\s)(?! CODE)|\[azure\]|(?:silly|verbose|error|warn|info|data):(?= {2})|==>? ?[\w.-]{1,40}:|[a-z]\w{1,40}(?:\.\w{1,40}){1,6} : )[ \t]*/;
/** The header of a Go program of Kubernetes, with that of a system log before it. */
const klog =
  /^[ \t]*(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \S{1,64} \S{1,64}: )?[EFWI]\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,12}\d{1,9} [\w./-]{1,80}:\d{1,6}\] /;
/** `Warning  FailedMount  4m (x260 over 20h)  kubelet  message` */
const event =
  /^[ \t]*(?:Warning|Normal)[ \t]{1,12}[A-Z]\w{2,60}[ \t]{1,20}\S{1,12}(?: \(x\d{1,9} over \S{1,12}\))?[ \t]{2,30}\S{1,60}[ \t]{2,30}/;
const clock = /^(?:\d{1,2}:\d\d:\d\d(?: ?[AP]M)?) - /;

function withoutPrefix(line: string): string {
  let bare = line.endsWith("^M") ? line.slice(0, -2) : line;
  if (bare.length === 0) return bare;
  const first = bare.trimStart().charCodeAt(0);
  // Lower-case letters, braces and quotes begin no prefix, and most lines of a body begin with one of them.
  if (first === 34 || first === 123 || first === 125) return bare;
  if (klog.test(bare)) return bare.replace(klog, "");
  if (event.test(bare)) return bare.replace(event, "");
  if (gutter.test(bare)) bare = bare.replace(gutter, "");
  if (stamp.test(bare)) bare = bare.replace(stamp, "");
  // Two, if one tool runs in another: `==> azure-arm: ERROR: …`
  for (let i = 0; i < 2 && level.test(bare); i++) bare = bare.replace(level, "").replace(clock, "");
  return bare;
}

/**
 * A message on one line. Line by line, since a pattern for blanks around breaks backtracks over long runs of blanks.
 */
export function oneLine(text: string): string {
  if (!text.includes("\n")) return text.trim();
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}
