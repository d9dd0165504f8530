/** Which lock forbids the change, with its level and notes. */
import { defineEvidence } from "../define-evidence.js";
import { itemsAt, shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { scopeOf } from "../subject.js";

/** How many scopes are read: a message may name several. */
const mostScopes = 2;

/** Locks of the scope that the message names. One request for each scope, at most two; no delay; Reader is enough. */
export function locks(): DefinedEvidence {
  return defineEvidence({
    name: "locks",
    requests: mostScopes,
    fits: ({ code = "", message, rule }) =>
      /ScopeLocked/i.test(code) || rule?.id === "locked" || /scope\(s\) are locked/i.test(message),
    async look({ get, call, diagnosis }) {
      const scopes = lockedScopes(diagnosis.message);
      const asked = scopes.length > 0 ? scopes.slice(0, mostScopes) : [scopeOf(call.url) ?? ""];
      const answers = await Promise.all(
        asked.map((scope) => get(`${scope}/providers/Microsoft.Authorization/locks`, { "api-version": "2020-05-01" })),
      );
      const found = answers.flatMap(({ body }) => itemsAt(body, "value").flatMap((lock) => describe(lock, asked)));
      return found.length > 0
        ? found
        : { says: `No lock is visible at ${asked.join(", ")}; it may be inherited from above.`, confidence: "none" };
    },
  });
}

/** The ids in quotes after "locked:". */
function lockedScopes(message: string): string[] {
  const [, list = ""] = /locked:?\s*(.+)/is.exec(message) ?? [];
  return [...list.matchAll(/\/subscriptions\/[^'",;\s]+/gi)].map(([scope]) => scope.replace(/[.]+$/, ""));
}

/** A lock applies to its scope and below: one below the requested scope locks something else. */
function describe(lock: unknown, asked: readonly string[]): Found[] {
  const id = textAt(lock, "id") ?? "";
  const [scope = ""] = id.split(/\/providers\/Microsoft\.Authorization\/locks\//i, 1);
  if (!asked.some((wanted) => `${wanted.toLowerCase()}/`.startsWith(`${scope.toLowerCase()}/`))) return [];
  const level = textAt(lock, "properties", "level") ?? "NotSpecified";
  const notes = textAt(lock, "properties", "notes");
  const owners = itemsAt(lock, "properties", "owners").map((owner) => textAt(owner, "applicationId"));
  const name = textAt(lock, "name") ?? "";
  const why = notes === undefined ? "it has no notes" : `its notes: "${shorten(notes)}"`;
  const whose = owners.length > 0 ? `, set by application ${owners.join(", ")}` : "";
  return [
    {
      says: `Lock ${name} (${level}) on ${scope}${whose}; ${why}.`,
      confidence: "high",
      data: { id, level, notes, owners },
      means: {
        explanation: `Lock ${name} (${level}) on ${scope} forbids it${notes === undefined ? "" : `: ${shorten(notes, 160)}`}`,
        steps: [
          "Ask the owner of the lock; its notes say why it exists.",
          `Remove it only with their consent: az lock delete --ids ${id}`,
        ],
      },
    },
  ];
}
