/**
 * How each tool writes a code, a message, or a border between them: one entry per format, surest first. For a new tool,
 * add an entry here and an example in its test.
 */
import { type Quote, quoteAt, slashesBefore, unescape } from "./lenient-json.js";
import { httpStatus, isFailedWord } from "./structure.js";
import { statusNumber } from "./text-facts.js";

/** Receives what a format found. Indices are positions in the text. */
export interface FormatSink {
  readonly text: string;
  /** A code from `at` up to `end`. */
  code(value: string, at: number, end: number): void;
  /** A code that follows its message. */
  codeBehind(value: string, at: number, end: number): void;
  /** A message in quotation marks or between tags. */
  message(value: string): void;
  /** A message without quotation marks begins. */
  openMessage(from: number): void;
  /** A brace that may begin JSON; returns where to continue. */
  braces(at: number): number;
  status(status: number | undefined, at: number): void;
  /** Something that is not part of a message. */
  border(at: number): void;
  /** The nodes that follow are siblings, below the one found last. */
  listBelow(at: number): void;
  /** Whether codes were found, but none that names a cause. */
  awaitsCause(): boolean;
}

/** How one tool writes a code, a message or a border between them. */
export interface ErrorFormat {
  /** Global; matches where the format begins. Every repetition is bounded. */
  readonly pattern: RegExp;
  /** No sentence looks like this by accident, so it is also searched for inside messages. */
  readonly anywhere?: boolean;
  /** Reads and reports what matched, and returns the index after it. */
  read(found: FormatSink, match: RegExpExecArray, end: number): number;
}

export const errorFormats: readonly ErrorFormat[] = [
  {
    // JSON, a dump of JavaScript or Python, an array of Go: `{ "error": …`, `{ code: 'X'`, `Details=[{"code":…`
    pattern:
      /(?:\[\s{0,64})?\{\s{0,256}(?:\\{0,63}["'][^"'\\]{1,64}\\{0,63}["']|(?:code|message|error|name|status|statusCode|details|body|response)\b|\[(?:stack|message|cause)\])\s{0,16}(?::|=>)/gi,
    anywhere: true,
    read: (found, match) => found.braces(match.index),
  },
  {
    // Service management and storage: `<Error><Code>X</Code><Message>…</Message></Error>`
    pattern: /<(?:\w{1,8}:)?code>([^<]{1,128})</gi,
    read: (found, match, end) => (found.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /<(?:\w{1,8}:)?message(?: [^<>]{0,64})?>([^<]{0,16384})/gi,
    read: (found, match, end) => (found.message(match[1] ?? ""), end),
  },
  {
    // `Status=409`, `StatusCode: 409`, `Status: 409 (Conflict)`, `RESPONSE 409:`, `HTTP/1.1 409`
    pattern: statusNumber,
    anywhere: true,
    read: (found, match, end) => (found.status(httpStatus(match[1]), match.index), end),
  },
  {
    // `Code="X"`, `Code: X`, `ErrorCode: X`, `ERROR CODE: X`, `SubCode: X;`, `"code": "X"`, `(Code: X, Target: …)`; of Databricks: `azure_error_code: X`
    pattern:
      /(?:(?<![A-Za-z0-9_$])|(?<=\\[nrt]))(?:(?:Azure[ _])?([A-Za-z]{1,16})[ _-]?)?Code["'\\]{0,16}[ \t]{0,8}[:=][ \t]{0,16}/gi,
    anywhere: true,
    read: readCodeLabel,
  },
  {
    // Labels of Chinese portals and tools: `错误代码：X`, `代码: X`, `错误消息：…`
    pattern: /(?:错误)?(?:代码|码)[ \t]{0,4}[:：][ \t]{0,4}["'“]?([A-Za-z]\w{2,100})/g,
    read: (found, match, end) => (found.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /(?:错误)?(?:消息|信息)[ \t]{0,4}[:：][ \t]{0,4}/g,
    read: (found, _, end) => (found.openMessage(end), end),
  },
  {
    // gRPC: `rpc error: code = NotFound desc = …`. Its most common codes say nothing.
    pattern: /\brpc error: code = (\w{2,40}) desc = /g,
    anywhere: true,
    read: (found, match, end) => {
      if (/^(?:Unknown|Internal|OK|\d{1,2})$/.test(match[1] ?? "")) found.border(match.index);
      else readNamed(found, match, end);
      return end;
    },
  },
  {
    // Application Insights: the outer message says which function failed, the inner one why.
    pattern: /(?:^|\n)[ \t]{0,16}Outer(?:most)? Message:[^\n]{0,2000}(?=\n[^]{0,2000}\bInner(?:most)? Message:)/g,
    read: (found, match, end) => (found.border(match.index), end),
  },
  {
    pattern: /\bInner(?:most)? Message:/g,
    read: (found, match, end) => (found.border(match.index), end),
  },
  {
    // `Message="…"`, `Message: …`, `ErrorMessage: …`, `Status Message: …`, `"message": "…"`
    pattern:
      /(?:(?<![A-Za-z0-9_$])|(?<=\\[nrt]))(?:Azure[ _]Error[ _]|Error[_-]?|Status[ _-]?|Exception[ _-]?)?Message["'\\]{0,16}[ \t]{0,8}[:=][ \t]{0,16}/gi,
    anywhere: true,
    read: readMessageLabel,
  },
  {
    // azurerm puts the code where the status belongs: `Status: "X"`, `Code: ""`
    pattern: /(?<![\w"'])Status: "([A-Z]\w{2,100})"/g,
    read: (found, match, end) => {
      if (!isFailedWord(match[1]) && match[1] !== "Succeeded") found.code(match[1] ?? "", match.index, end);
      else found.border(match.index);
      return end;
    },
  },
  {
    // az and Python: `(X) message`; behind a type of Python any word is a code: `HttpResponseError: (timeout) message`
    pattern: /(?<=(?:^|[\n:=\u2192"'“]| -)[ \t]{0,16})\((?:[A-Z][A-Za-z]{1,32}\.)?([A-Za-z]\w{2,100})\):?[ \t]{1,4}/g,
    read: (found, match, end) => {
      const speaks = found.text.slice(Math.max(0, match.index - 7), match.index).endsWith("Error: ");
      if (!speaks && !isCodeLike(match[1] ?? "")) return end;
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // Service management: `(Error 28031)`
    pattern: /\(Error:? (\d{4,6})\)/g,
    read: (found, match, end) => (found.codeBehind(match[1] ?? "", match.index, end), end),
  },
  {
    // The portal and plugins: `X - message`, `… - X - message`
    pattern: /(?:^|\n|[a-z0-9] - )[ \t]{0,8}([A-Z]\w{3,100}) - (?=[\w'"])/g,
    read: (found, match, end) => {
      const name = match[1] ?? "";
      if (!isFailureName(name) && !isStatusName(name)) return match.index + 1;
      found.code(name, match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // azurerm: `unexpected status 409 (409 Conflict) with error: X: message`
    pattern: /\bwith error: ([A-Z][\w.]{2,100}): /g,
    read: (found, match, end) => {
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // The same with a line break, as a provider prints it: `… failed with error:` followed by `X: message`
    pattern: /\berror:[ \t]{0,16}\n\s{0,64}([A-Z]\w{3,100}) ?: /gi,
    read: (found, match, end) => {
      const name = match[1] ?? "";
      return mayBeCode(name) && !labels.test(name) ? readNamed(found, match, end) : match.index + 1;
    },
  },
  {
    // A Kubernetes cloud provider: `RawError: X, message`
    pattern: /\bRaw ?Error: ([A-Z]\w{3,100})(?:, | ?: )/g,
    read: (found, match, end) => (isFailureName(match[1] ?? "") ? readNamed(found, match, end) : end),
  },
  {
    // Databricks: `X Azure error message: message`
    pattern: /\b([A-Z]\w{3,100}),? (?=(?:Azure )?Error Message: )/gi,
    read: (found, match, end) => {
      if (isFailureName(match[1] ?? "")) found.code(match[1] ?? "", match.index, end);
      return end;
    },
  },
  {
    // Azure Pipelines and VS Code: `Error: X - message`, `Error type: X`
    pattern: /(?:^|\n)[ \t]{0,16}Error(?: type)?: ([A-Z]\w{2,100})(?: - |(?=[ \t]{0,16}(?:\n|$)))/g,
    read: (found, match, end) => {
      if (!isCodeLike(match[1] ?? "")) return end;
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // Bicep's compiler: `main.bicep(99,10) : Error BCP036: message`
    pattern: /\(\d{1,6},\d{1,6}\) ?: error (BCP\d{3}): /gi,
    read: readNamed,
  },
  {
    // Packer: a tree, `-> X : message`, whose inner nodes are indented. Its settings are in quotes: `-> Name : 'x'`
    pattern: /(?:^|\n)[ \t]{0,16}-> ([A-Z]\w{2,100})(?: : (?!['"])|(?=[ \t]{0,16}(?:\n|$)))/g,
    read: (found, match, end) => {
      if (!mayBeCode(match[1] ?? "")) return end;
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // Azure Pipelines: below the code of a wrapper a line for each cause, `X: message`
    pattern: /\n[ \t]{0,16}([A-Z]\w{3,100}): /g,
    read: (found, match, end) => {
      if (!found.awaitsCause() || !mayBeCode(match[1] ?? "") || labels.test(match[1] ?? "")) return match.index + 1;
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // msrestazure: `Azure Error: X`
    pattern: /\bAzure Error:\s{1,8}([A-Z]\w{2,100})\b/g,
    anywhere: true,
    read: (found, match, end) => (found.code(match[1] ?? "", match.index, end), end),
  },
  {
    // core-lro: `The long-running operation has failed. X. message`, with the word undefined if the code was lost
    pattern: /long-running operation has failed(?:\. (\S{1,128})\. )/gi,
    read: (found, match, end) => {
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // Azure Service Operator: `Reason: X, Severity: Error, …, Cause: message`
    pattern: /\bReason: ([A-Z]\w{2,100}), Severity: /g,
    read: (found, match, end) => {
      found.code(match[1] ?? "", match.index, end);
      found.openMessage(end);
      return end;
    },
  },
  {
    // the instance view of a machine
    pattern: /\bProvisioningState\/failed\/([A-Za-z]\w{2,100})/gi,
    read: (found, match, end) => (found.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /\bAADSTS\d{2,9}\b/g,
    read: (found, match, end) => {
      found.code(match[0], match.index, end);
      found.openMessage(match.index);
      return end;
    },
  },
  {
    // the portal, copied: each label and each value on its own line
    pattern: /(?:^|\n)[ \t]{0,16}Error code[ \t]{0,16}\n\s{0,16}([A-Z]\w{2,100})[ \t]{0,16}(?=\n|$)/gi,
    read: (found, match, end) => (found.code(match[1] ?? "", match.index, end), end),
  },
  {
    pattern: /\n[ \t]{0,16}Message[ \t]{0,16}\n/gi,
    read: (found, _, end) => (found.openMessage(end), end),
  },
  {
    // Python: what follows are the details
    pattern: /\b(?:Exception Details|Inner Errors?)[ \t]{0,4}:/gi,
    anywhere: true,
    read: (found, match, end) => (found.listBelow(match.index), end),
  },
  {
    // At the very end, in brackets behind the message: `… (X)`
    pattern: / \(([A-Z]\w{3,100})\)\.?\s{0,16}$/g,
    read: (found, match, end) => {
      if (!isFailureName(match[1] ?? "")) return match.index + 1;
      found.codeBehind(match[1] ?? "", match.index, end);
      return end;
    },
  },
  {
    // At the very beginning, before whatever follows: `X: message`
    pattern: /^\s{0,16}([A-Z]\w{3,100}): (?=[A-Z'"])/g,
    read: (found, match, end) => (isFailureName(match[1] ?? "") ? readNamed(found, match, end) : match.index + 1),
  },
  {
    // What ends a message without a closing mark
    pattern:
      /\n[ \t]*\n|\n-{4,}|\n\s{0,16}At [^\n]{1,260}:\d{1,7} char:|\n\s{0,16}\+ |\n\s{0,16}(?:Error)?(?:Target|ReasonPhrase|OperationID|StartTime|EndTime|Content|Headers|Correlation ?ID|Additional ?Info\w{0,32}|Activity ?Id|Traceback)\b|\nDetails ?:|;\s{0,8}[A-Z][A-Za-z]{2,24}:|\s(?:Target|Details|InnerError|AdditionalInfo)=|\sCorrelation ?ID:/gi,
    anywhere: true,
    read: (found, match) => (found.border(match.index), match.index + 1),
  },
];

/** A name in front of its message. */
function readNamed(found: FormatSink, match: RegExpExecArray, end: number): number {
  found.code(match[1] ?? "", match.index, end);
  found.openMessage(end);
  return end;
}

/** Labels that end in "code" and name something else. */
const otherCodes =
  /^(?:exit|return|status|http|httpstatus|response|country|zip|area|source|extended|internalerror|native|win32|result|qr|vs|language)$/i;

function readCodeLabel(found: FormatSink, match: RegExpExecArray, end: number): number {
  if (otherCodes.test(match[1] ?? "")) return end;
  const quote = quoteAt(found.text, end);
  const value = quote ? readName(found.text, quote) : readBareName(found.text, end, match[0]);
  if (!value) return end;
  if (found.text[match.index - 1] !== "(") {
    found.code(value.name, match.index, value.end);
    return value.end;
  }
  // In brackets after its message: `Allocation failed. (Code: AllocationFailed, Target: …)`, or only the status:
  // `(CODE: 409)`
  if (/^\d{3}$/.test(value.name)) {
    found.status(httpStatus(value.name), match.index - 1);
    return value.end;
  }
  const bracket = /[^()\n]{0,400}\)/y;
  bracket.lastIndex = value.end;
  const after = bracket.test(found.text) ? bracket.lastIndex : value.end;
  found.codeBehind(value.name, match.index - 1, after);
  return after;
}

/** A short quoted value. It may be broken by a line, like anything else. */
function readName(text: string, quote: Quote): { name: string; end: number } | undefined {
  const close = text.indexOf(quote.mark, quote.end);
  if (close < 0 || close - quote.end > 200) return undefined;
  return { name: text.slice(quote.end, close - slashesBefore(text, close, quote.end)), end: close + 1 };
}

/** A value without quotation marks: the label must look like one (`Code`, not "exit code"), or the value like a code. */
function readBareName(text: string, at: number, label: string): { name: string; end: number } | undefined {
  const pattern = /[A-Za-z_][\w-]{0,127}(?:\.[A-Z]\w{1,127})?|\d{1,9}\b/y;
  pattern.lastIndex = at;
  const name = pattern.exec(text)?.[0];
  if (name === undefined) return undefined;
  const isLabel = /(?:^|[a-z ])C(?:ode|ODE)/.test(label);
  return isCodeLike(name) || (isLabel && /^(?:\d|[A-Z])/.test(name)) ? { name, end: pattern.lastIndex } : undefined;
}

function readMessageLabel(found: FormatSink, match: RegExpExecArray, end: number): number {
  // "… failed validation with message: '…'" and "Error message: …" are sentences.
  const inSentence = /[A-Za-z] $/.test(found.text.slice(Math.max(0, match.index - 2), match.index));
  if (inSentence && /^m[^=]*$/.test(match[0])) return end;
  const quote = quoteAt(found.text, end);
  if (!quote) {
    found.openMessage(end);
    return end;
  }
  const { content, end: after } = readQuotedMessage(found.text, quote);
  found.message(content);
  return after;
}

/**
 * A quoted message may contain the same marks unescaped: the closing one is followed by something that cannot be part
 * of a message.
 */
function readQuotedMessage(text: string, open: Quote): { content: string; end: number } {
  const isClosing = /\s{0,64}(?:$|[)\]};,]|\\{0,63}["']|[A-Z]\w{2,24}=|\n\s{0,64}(?![a-z]))/y;
  let last = -1;
  for (let at = text.indexOf(open.mark, open.end); at >= 0; at = text.indexOf(open.mark, at + 1)) {
    const slashes = slashesBefore(text, at, open.end);
    if (slashes > open.slashes) continue;
    last = at - slashes;
    isClosing.lastIndex = at + 1;
    if (slashes < open.slashes || isClosing.test(text)) break;
  }
  const close = last < 0 ? text.length : last;
  return {
    content: unescape(text.slice(open.end, close), open.slashes),
    end: last < 0 ? close : close + open.slashes + 1,
  };
}

/** More than one word written as one, or the name of an HTTP status: what a code looks like without a label. */
export function isCodeLike(name: string): boolean {
  if (/^(?:Conflict|Forbidden|Unauthorized)$/.test(name)) return true;
  return name.length > 4 && /^[A-Z]\w*[A-Z]/.test(name) && /[a-z]{2}/.test(name);
}

/** The name of an HTTP status that services use as a code. */
const isStatusName = (name: string): boolean =>
  /^(?:BadRequest|Conflict|Forbidden|Unauthorized|NotFound|TooManyRequests|InternalServerError|ServiceUnavailable)$/.test(
    name,
  );

/** Names before a colon that are not codes: exception types and labels of tools. */
const speakers =
  /(?:Exception|CloudError|CLIError|RestError|ResponseError|BadRequestError|DeploymentError|OperationError|ExistsError|NotFoundError|AuthenticationError|(?<!Invalid)Credential|(?:Type|Value|Runtime|Key|Fatal|Fetch|System|Axios|URL|HTTP|Close|Connection|Timeout|Assertion|Attribute|Import|OS|IO|Syntax|Reference|Range|Client|Max|Retry)Error)$|^(?:CategoryInfo|FullyQualifiedErrorId|[A-Z]\w*I[dD]|[A-Z]\w*(?:Time|Date|Offset)|TimeStamp|ResourceType|ResourceName|ResourceGroup|EntityType|StatusCode|ReasonPhrase|ErrorTarget|OperationName|Inner\w+|Server\w+|Request\w+|RawError|(?:Begin)?CreateOrUpdate\w*|\w+ThenPoll)$/;

/** How names of programs end that print their name before a message: `AzureVMCloud: …`. */
const programs =
  /(?:Cloud|Client|Provider|Manager|Controller|Agent|Plugin|Builder|Set|Probe|v\d|Worker|Handler|Reconciler|Driver|Scaler|Machine|Pool|Module|Command|Operation|Function|Group|Template|Cluster|Node)$/;

/** Words before a colon that other formats read. */
const labels = /(?:Code|Message|Status|Target|Details|Info|Content|Headers|Team)$|^(?:Ori?ginal|Raw)Error$/;

/** Whether a name without a label may be a code, in a place where a code is likely. */
export function mayBeCode(name: string): boolean {
  if (!isCodeLike(name) || (programs.test(name) && !wentWrong.test(name))) return false;
  // `RequestId` and `ServerName` describe the request and the server; `RequestDisallowedByPolicy` and `ServerBusy`
  // describe what went wrong.
  return !speakers.test(name) || (/^(?:Request|Server)/.test(name) && wentWrong.test(name));
}

/** How codes begin or end that clearly name a failure. */
const wentWrong =
  /(?:Not[A-Z][a-z]\w*|Disallowed\w*|Too[A-Z]\w*|InUse\w*|AlreadyExists|Exceeded|Exhausted|Failed|Failure|Denied|Forbidden|Unauthorized|Unavailable|Throttled|Busy|Conflict|TimedOut|InProgress|Invalid|Missing|Mismatch|Unsupported|Locked|Expired|Corrupted|Blocked|Restricted|Preempted|Evicted|Required|Reached)$|^(?:Invalid|Incorrect|Insufficient|Unsupported|Conflicting|Cannot|Missing|Over[Cc]onstrained)[A-Z]/;

/** A name that is clearly a code, even in the middle of a sentence. */
export function isFailureName(name: string): boolean {
  return isCodeLike(name) && !labels.test(name) && (wentWrong.test(name) ? mayBeCode(name) : isErrorOfService(name));
}

const isErrorOfService = (name: string): boolean => name.endsWith("Error") && !speakers.test(name);
