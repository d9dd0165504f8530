/**
 * What a text may hold, found in one pass over its characters. Secrets, control characters and facts each leave a mark
 * of a few characters. Nearly every message has no mark, so that none of the searches behind them needs to run: one
 * pass costs less than the cheapest of them.
 *
 * A mark says only "look": it may be there by chance, but it is never missing where the search would find something.
 */

/** Bits of a text's marks. */
export const mark = {
  /** A control character, or one that is not ASCII and might be one. */
  unprintable: 1,
  /** Part of a name under which secrets are kept: `password`, `accessKey`. */
  secretName: 1 << 1,
  /** `bearer`, `basic`, `sharedkey` */
  scheme: 1 << 2,
  /** Part of a text that shows by itself that it is a key or a token. */
  key: 1 << 3,
  address: 1 << 4,
  equals: 1 << 5,
  /** A flag of a command: ` -u`. */
  flag: 1 << 6,
  /** Written inside another text: `%3D`, `&amp;`, `\u0026`. */
  encoded: 1 << 7,
  quota: 1 << 8,
  exitCode: 1 << 9,
  stock: 1 << 10,
  policy: 1 << 11,
  buildLog: 1 << 12,
} as const;

/** With none of these, a text holds no secret and may be shown. */
export const anySecret =
  mark.secretName | mark.scheme | mark.key | mark.address | mark.equals | mark.flag | mark.encoded;
export const anyFact = mark.quota | mark.exitCode | mark.stock | mark.policy | mark.buildLog;

/** Letters have no case here. `.` in a trigram stands for any character. */
const trigrams: Readonly<Record<number, readonly string[]>> = {
  [mark.secretName]: [
    ...["pas", "nnw", "pw.", "ecr", "oke", "sig", "iza", "oki", "ede", "key", "pfx", "sse", "mlr"],
    // `customData`, `user_data`, `connection-string`, `protectedSettings`, `secureString`, `deviceCode`
    ...["omd", "om_", "om-", "rda", "er_", "er-", "nne", "dse", "dpa", "ed_", "ed-", "ecu", "cec", "ce_", "ce-"],
  ],
  [mark.scheme]: ["rer", "asi"],
  [mark.key]: [...["eyj", "lpa", "xox", "mii", "---", "e-l"], ...["azf", "azc", "azs", "azb", "aio", "acd"]],
  [mark.address]: ["://"],
  [mark.flag]: [" -."],
  [mark.quota]: ["uot"],
  [mark.exitCode]: ["xit"],
  [mark.stock]: ["n l", "h d"],
  [mark.policy]: ["cya"],
  [mark.buildLog]: ["rlo"],
};

const characters: Readonly<Record<number, string>> = {
  [mark.key]: "_~",
  [mark.equals]: "=",
  [mark.encoded]: "%&\\",
};

/** Characters that occur in trigrams have a number of five bits; the others share 0. */
const numbered = "abcdefghijklmnopqrstuvwxyz_-:/ ";
const numberOf = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code).toLowerCase().replace(/\s/, " ");
  return numbered.indexOf(character) + 1;
});

const marksOfCharacter = Uint16Array.from({ length: 128 }, (_, code) => {
  const isControl = (code < 32 && code !== 9 && code !== 10) || code === 127;
  return marksIn(characters, String.fromCharCode(code)) | (isControl ? mark.unprintable : 0);
});

function marksIn(table: Readonly<Record<number, string>>, character: string): number {
  let marks = 0;
  for (const [bit, those] of Object.entries(table)) if (those.includes(character)) marks |= Number(bit);
  return marks;
}

const marksOfTrigram = new Uint16Array(1 << 15);
for (const [bit, those] of Object.entries(trigrams)) {
  for (const [first = "", second = "", third = ""] of those) {
    const start = (placeOf(first) << 10) | (placeOf(second) << 5);
    const thirds = third === "." ? Array.from({ length: 32 }, (_, number) => number) : [placeOf(third)];
    for (const number of thirds) marksOfTrigram[start | number] = (marksOfTrigram[start | number] ?? 0) | Number(bit);
  }
}

function placeOf(character: string): number {
  return numberOf[character.charCodeAt(0)] ?? 0;
}

/** What may be written in letters that are not ASCII: names of secrets, marks of direction. */
const marksOfOthers = mark.unprintable | mark.secretName;

/** The marks of a text, as bits of `mark`. */
export function marksOf(text: string): number {
  let marks = 0;
  let last = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) {
      marks |= marksOfOthers;
      last = 0;
    } else {
      last = ((last << 5) | (numberOf[code] ?? 0)) & 0x7fff;
      marks |= (marksOfCharacter[code] ?? 0) | (marksOfTrigram[last] ?? 0);
    }
  }
  // The end of the text ends a word too.
  return marks | (marksOfTrigram[((last << 5) | placeOf(" ")) & 0x7fff] ?? 0);
}
