/**
 * The closing lines of tools: that a process ended with an exit code, that a crash should be reported. They follow
 * every failure and say nothing about it.
 */

const sentences: readonly RegExp[] = [
  /^(?:the )?(?:process|command|script)(?: '[^'\n]{1,200}'| "[^"\n]{1,200}"| \/[\w./-]{1,200})? ?(?:completed|failed|exited|finished|terminated|returned|ended)(?: with)?(?: an?)?(?: non-?zero)? ?(?:exit|return)? ?(?:code|status):? ?'?\d{0,10}'?\.?$/i,
  /^(?:powershell|pwsh|bash|terraform|tofu|pulumi|packer|az|script|node|python3?|docker|make|cmd\.exe|azd)(?: \w{1,20})? (?:exited|failed|returned|ended|completed)(?: with)?(?: exit)? (?:code|status):? ?'?\d{1,10}'?\.?$/i,
  /^(?:exit|return) (?:code|status):? ?\d{1,10}\.?$/i,
  /^exit status \d{1,10}\.?$/i,
  /^command terminated with exit (?:code|status) \d{1,10}\.?$/i,
  /^make(?:\[\d\])?: \*\*\* .{0,200}\bError \d{1,4}$/,
  /^npm (?:ERR!|error)(?: code (?:ELIFECYCLE|\d{1,4})| errno \d{1,5}| A complete log of this run| Exit status \d{1,4})/,
  /^the command failed with an unexpected error\. here is the traceback:?$/i,
  /^(?:to (?:open an issue|check existing issues), please (?:run|visit):|this command failed with an unexpected error)/i,
  /^(?:some|all) builds? (?:didn't|did not) complete successfully and had errors:?$/i,
  /^builds finished but no artifacts were created\.?$/i,
  /^there was an error (?:while )?(?:executing|running) the (?:script|task|command)\.?$/i,
  /^operation returned an invalid status code '?ok'?\.?$/i,
  /^the job (?:running on .{1,80} )?(?:has )?failed\.?$/i,
];

/** What may precede those lines: a CI marker, a level, a timestamp. */
const mark =
  /^[\s│|>=]{0,16}(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]{5,30}Z?\]?[:\s]{0,4})?(?:##\[\w{1,16}\]|::error::|(?:cli\.)?azure\.\S{1,40} ?: |(?:Error|ERROR|error|FATAL):? ){0,2}\s{0,4}/;

/** Whether the line is only a tool's closing line. */
export function isEpilogue(line: string): boolean {
  if (line.length > 400) return false;
  const bare = line.slice(mark.exec(line)?.[0].length ?? 0).trim();
  return bare !== "" && sentences.some((sentence) => sentence.test(bare));
}

/** The text without such lines; unchanged if it has no others. */
export function withoutEpilogues(text: string): string {
  if (!mayHold.test(text)) return text;
  const lines = text.split("\n");
  const others = lines.filter((line) => !isEpilogue(line));
  return others.length === lines.length || others.every((line) => line.trim() === "") ? text : others.join("\n");
}

const mayHold = /exit|code|status|traceback|builds?|issue|job|error \d/i;
