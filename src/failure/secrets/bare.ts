/** Secrets that show by themselves what they are, or by what they are used for: keys, tokens, addresses, commands. */
import { mark } from "../marks.js";
import type { Cut } from "./values.js";

type IsSecret = (match: RegExpExecArray) => boolean;

/**
 * The mark without which it is not written; how it is written, the secret as the last group and at the end; and what to
 * ask besides.
 */
type Kind = readonly [mark: number, pattern: RegExp, isSecret?: IsSecret];

/** What Azure's services put into their keys to know them again. */
const signatures = "AzFu|AzCa|AzSe|AzBa|AIoT|ACDb";

const isTokenLike = (value = ""): boolean =>
  value.length >= 16 && (/\d/.test(value) || /[a-z][A-Z]/.test(value) || value.length >= 32);

/** "Bearer token authentication" and "Basic authentication" are sentences. */
const isCredential: IsSecret = ([, scheme = "", account = "", value = ""]) => {
  if (/^s/i.test(scheme)) return account !== "" && value.length >= 20;
  return /^bearer/i.test(scheme) ? account === "" && isTokenLike(value) : isUserAndPassword(value);
};

function isUserAndPassword(value: string): boolean {
  try {
    return /^[ -~]{0,256}:[ -~]{0,256}$/.test(atob(value.replace(/[-.]$/, "")));
  } catch {
    return false;
  }
}

/** `?code=` opens a Function App, and `?key=` much else; but `?code=NotFound` says what went wrong. */
const opensSomething: IsSecret = ({ 1: value = "", index, input }) =>
  (value.length >= 12 && /\d|[_=-]./.test(value)) ||
  /azurewebsites\.|\/api\/|\/admin\//i.test(input.slice(Math.max(0, index - 300), index));

const kinds: readonly Kind[] = [
  // A client secret of Entra ID
  [mark.key, /(?<![\w~.-])(\w{3}\dQ~[\w~.-]{28,40})/g],
  // What GitHub, GitLab, npm and Slack issue
  [mark.key, /(?:gh[oprsu]|github_pat|npm)_(\w{16,})/g],
  [mark.key, /(?:glpat|xox[abprs])-([\w-]{16,})/g],
  // A web token
  [mark.key, /(eyJ[\w.-]{5,})/g, ([token]) => token.includes(".")],
  // A storage key, and the keys of services that mark them
  [mark.equals, /(?<![\w+/-])([\w+/-]{80,100}==)/g],
  [mark.key, new RegExp(`(?<![\\w+/-])([\\w+/-]{24,100}?(?:${signatures})[\\w+/-]{4,100}={0,2})`, "g")],
  // PFX files and private keys in base64, by their first bytes; and with their head
  [mark.key, /(MII[\w+/-]{2}[AQgw]IBA(?:zC|DAN|AKC)[\w+/=-]*)/g],
  [mark.key, /-----BEGIN[ +][A-Z0-9 +]{0,64}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----([^]*?)(?=-----END|$(?![^]))/gi],
  [mark.key, /Private-Lines: \d{1,4}\s([^]+?)(?=\r?\n[\w-]+:|$(?![^]))/g],
  // A certificate with its key, beside the password that opens it
  [mark.secretName, /"(?:data|certificate\w{0,16})"\s*:\s*"([^"]{8,})(?="\s*,\s*"(?:\w{0,64}password|pwd)")/gi],
  // A list of keys: `"keyName":"key1","value":"…"`
  [mark.secretName, /keyName\W{1,64}[\w-]{1,64}\W{1,64}value\W{1,64}(?!redacted\])([\w+/=-]{8,})/gi],
  [mark.secretName, /-SecureString\s+(?:-String\s+)?\\?["']([^"'\\]{1,256})/gi],
  // An operation's address is signed
  [mark.equals, /[?&][csh]=([\w%-]{40,})/g],
  [mark.equals, /[?&;](?:code|key)=(?!\[redacted)([^\s&"'`<>;,)\]}\\]{6,256})/gi, opensSomething],
  // `https://user:password@host`, even if the password was not encoded; but `https://host:443/path@x` holds none
  [mark.address, /:\/\/[\w.~%+-]{0,64}:(?!\d{1,5}[/?#])([^\s@"'<>]{0,256}(?:@[^\s@/"'<>]{1,64}){0,4})(?=@[\w.[-])/g],
  [mark.address, /:\/\/(?=[\w.~%-]{0,256}\d)([\w.~%-]{20,256})(?=@)/g],
  [
    mark.scheme | mark.secretName,
    /\b(bearer|basic|sharedkey(?:lite)?)(?:[\s+]|["'\s]*:\s?)["']?((?:[\w-]{1,64}:)?)([\w~+/.-]{8,8192}=*)/gi,
    isCredential,
  ],
  // Commands that are known to take one there
  [
    mark.flag,
    /\s(?:-[uU]|--(?:proxy-)?user)[\s=]{0,8}\\?(["']?)(?!\d+:\d)[^\s"':\\]{1,64}:(?!\/\/)((?:(?!\1)[^\r\n]|[^\s"'`;|)]){1,256})/g,
  ],
  [
    mark.flag,
    /(?:\b(?:login|sshpass|mysql\w*|mongo\w*|plink|psexec\w*|7z)\b[^\r\n|;&]{0,240}?\s-pw?|redis-cli\b[^\r\n|;&]{0,240}?\s-a|secret set\b[^\r\n|;&]{0,240}?\s--value)\s*(?:\\?"([^"\\]{1,256})|\\?'([^'\\]{1,256})|([^\s"'\\-]\S{0,256}))/gi,
  ],
];

/** @param marks those of the text */
export function findBare(text: string, marks: number, cuts: Cut[]): void {
  for (const [its, pattern, isSecret] of kinds) {
    if ((marks & its) === 0) continue;
    // `matchAll` makes a new pattern each time, which takes longer than most texts.
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      const groups: readonly (string | undefined)[] = match.slice(1);
      const secret = groups.findLast((group) => group !== undefined) ?? "";
      if (secret !== "" && (isSecret?.(match) ?? true))
        cuts.push({ from: pattern.lastIndex - secret.length, to: pattern.lastIndex });
    }
  }
}
