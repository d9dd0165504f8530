/**
 * What one reading may cost. A failure is read on the worst day, from bytes shaped by a proxy, a log or an attacker, so
 * every traversal is limited by depth, count and length, and the rest is left unread.
 */

/**
 * Longer JSON is not parsed as a whole; its head is read like damaged text. ARM's own limit for errors is far below.
 */
export const maxJsonChars = 1_048_576;

/** Of a longer text, the head and the tail are read: logs say at one of the two ends what failed. */
export const maxTextChars = 262_144;

/** Longest message kept. The guest's output in extension failures reaches 8 KB; twice that loses nothing seen so far. */
export const maxMessageChars = 16_384;

/** Longest code, target or id kept. Resource ids stay below 1 KB. */
export const maxNameChars = 1_024;

/** Nested deployments reach six levels, each made of an error object, an array, an entry and JSON in a string. */
export const maxDepth = 64;

/** Limit for all messages of one failure together. One string may occur in a thousand nodes. */
export const maxMessageCharsInAll = 1_048_576;

/**
 * How often text may be found inside a message of text. Escaping doubles at each level, so real nesting ends at three.
 */
export const maxTextDepth = 6;

/** Error nodes examined in one failure. A deployment of 800 resources has as many operations. */
export const maxNodes = 1_000;

/** Keys examined in one object, and items in one array. */
export const maxKeys = 256;
export const maxItems = 1_000;

/** Roots kept. The deciding one comes first. */
export const maxChains = 32;

/** Errors read in one failure, through `cause` and `errors`, and how many of one list. */
export const maxErrors = 32;
export const maxErrorsInList = 8;

/** Cuts a string without splitting a surrogate pair. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? maxChars - 1 : maxChars);
}
