/**
 * Managed run commands of a machine: those that block it, and scripts that ended with an exit code although the command
 * says Succeeded.
 */
import { defineEvidence } from "../define-evidence.js";
import { at, dateAt, itemsAt, numberAt, sameName, shorten, textAt } from "../document.js";
import type { DefinedEvidence, Found } from "../source.js";
import { machineIdOf } from "../subject.js";
import { usualDurations } from "../usual-durations.js";

/** Existing run commands with their state. One request; no delay; Reader is enough. None is ever started. */
export function runCommands(): DefinedEvidence {
  return defineEvidence({
    name: "runCommands",
    requests: 1,
    fits: ({ category, message }, { url }) =>
      machineIdOf(url) !== undefined &&
      (category === "conflict" || /run\s*command/i.test(message) || /\/runCommands\//i.test(url)),
    async look({ get, call }) {
      const path = `${machineIdOf(call.url) ?? ""}/runCommands`;
      const { body } = await get(path, { $expand: "instanceView", "api-version": "2024-07-01" });
      const wanted = /\/runCommands\/([^/?]+)/i.exec(call.url)?.[1];
      const commands = itemsAt(body, "value").filter(
        (command) => wanted === undefined || sameName(textAt(command, "name"), decodeURIComponent(wanted)),
      );
      return commands.flatMap((command) => describe(command, wanted !== undefined));
    },
  });
}

function describe(command: unknown, isSubject: boolean): Found[] {
  const view = at(command, "properties", "instanceView");
  const state = textAt(view, "executionState") ?? "Unknown";
  const name = textAt(command, "name") ?? "";
  const began = dateAt(view, "startTime");
  if (/^(?:Running|Pending)$/i.test(state)) {
    return [
      {
        says: `Run command ${name} is ${state.toLowerCase()}${began ? ` since ${began.toISOString()}` : ""}; ${usualDurations.runCommand}.`,
        at: began,
        confidence: "high",
        data: { runCommand: name, state },
      },
    ];
  }
  // Old failures of other commands do not explain a conflict.
  if (!isSubject || !/^(?:Failed|TimedOut|Canceled)$/i.test(state)) return [];
  const exitCode = numberAt(view, "exitCode");
  const output = textAt(view, "error") ?? textAt(view, "executionMessage") ?? "it gives no reason";
  const ended = exitCode === undefined ? state.toLowerCase() : `ended with exit code ${exitCode}`;
  const says = `Run command ${name} ${ended}: ${shorten(output)}`;
  return [
    {
      says,
      at: dateAt(view, "endTime"),
      confidence: "high",
      data: { runCommand: name, state, exitCode, errorOutput: shorten(output, 1_000) },
      means: {
        disposition: "permanent",
        category: "extension",
        explanation: `Run command ${name} ${ended}: ${shorten(output, 160)}`,
        steps: ["Correct the script, then send the run command again."],
        automatic: null,
      },
    },
  ];
}
