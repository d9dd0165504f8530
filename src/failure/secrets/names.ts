/**
 * What secrets are called. One list serves texts, where a name stands before its value, and bodies, where it is a key. A name
 * counts however it begins (`adminPassword`, `DB_PASSWORD`), and not when it goes on: a `passwordPolicy` or a `secretUrl` is no
 * secret.
 */

const kindsOfKey =
  "access|account|admin|api|functions?|hmac|host|instrumentation|master|primary|private|product|query|sas|secondary|shared|signing|storage|subscription|symmetric|system|workspace";

const words = [
  "pass(?:words?|wd|phrases?|codes?|wort)",
  "kennwort",
  "密码|密碼|口令",
  "pwd",
  "secrets?",
  "tokens?",
  "sig(?:nature)?",
  "authorization",
  "cookies?",
  "credentials?",
  "(?:custom|user)[_-]?data",
  "connection[_-]?strings?",
  "protected[_-]?(?:settings|parameters)",
  "secure(?:string|object)",
  "pfx(?:[_-]?(?:blob|data|bytes|base64))?",
  "assertion|samlresponse|device[_-]?code",
  `(?:${kindsOfKey})[_-]?keys?`,
  "pass|pw",
];

/** A number may follow: `PASSWORD_2`. */
const ending = "(?:[_-]?\\d{1,3})?";

/** Each place where a name ends that may be a secret's. */
export const secretNames = new RegExp(`(?:${words.join("|")})${ending}(?![\\w-])`, "gi");

export const endOfKey = new RegExp(`(?:${words.join("|")})${ending}$`, "i");

/** Names that are words of other things too. They count with `=`, in quotation marks, or as a flag: a `SIG` is an image gallery. */
const ambiguous = /^(?:sig|signature|pass|pw|credentials?|assertion)$/i;
/** As the end of a longer word these mean nothing: `bypass`, `config`. */
const wholeWords = /^(?:sig|pass|pw|pfx|tokens|host[_-]?keys?)$/i;

export interface SecretName {
  readonly isAmbiguous: boolean;
  readonly isPassword: boolean;
  /** Its value is a scheme and a secret, or several settings, up to the end of the line. */
  readonly isHeader: boolean;
}

/** @param word the word that was found. @param before the character before it */
export function nameOf(word: string, before: string): SecretName | undefined {
  const plain = word.replace(/[_-]?\d+$/, "");
  if (wholeWords.test(plain) && !isBorder(before, plain)) return undefined;
  // The classes of `@azure/identity` are called by what they do.
  if (/^credential/i.test(plain) && /[a-z]/i.test(before)) return undefined;
  // The service counts what a model reads in tokens.
  if (/^tokens$/i.test(plain)) return undefined;
  return {
    isAmbiguous: ambiguous.test(plain),
    isPassword: /^(?:pass|pwd|pw$|kennwort|密|口)/i.test(plain),
    isHeader: /^(?:authorization|cookies?)$/i.test(plain),
  };
}

/** `dbPass` and `db_pass`, but not `bypass`. */
function isBorder(before: string, word: string): boolean {
  return !/[a-z]/i.test(before) || (/[a-z]/.test(before) && /^[A-Z]/.test(word));
}

/** Longer keys are sentences. */
const maxKeyLength = 64;

/** Whether a key of a body names a secret. */
export function secretKey(key: string): SecretName | undefined {
  if (key.length > maxKeyLength) return undefined;
  const found = endOfKey.exec(key);
  return found ? nameOf(found[0], key.charAt(found.index - 1)) : undefined;
}
