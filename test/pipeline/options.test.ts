/** Bad options fail at once, by name and with the value. */
import { createThrottle } from "../../src/throttle/local-throttle.js";
import { registerProvider, remedyPolicy, retryOperation, withRemedy, type RemedyOptions } from "azure-remedy";
import { createEmptyPipeline } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";

/** As callers without types pass it. */
type Loose = Record<string, unknown>;

describe("an option that does not fit", () => {
  const count = "a whole number, 0 or more";
  const ms = "a number of milliseconds, 0 or more";
  it.each<[Loose, string]>([
    [{ maxRetries: -1 }, `maxRetries must be ${count}; it is -1.`],
    [{ maxRetries: 1.5 }, `maxRetries must be ${count}; it is 1.5.`],
    [{ maxRetries: NaN }, `maxRetries must be ${count}; it is NaN.`],
    [{ maxRetries: "3" }, `maxRetries must be ${count}; it is "3".`],
    [{ maxRetries: null }, `maxRetries must be ${count}; it is null.`],
    [{ maxElapsedMs: -5 }, `maxElapsedMs must be ${ms}; it is -5.`],
    [{ maxElapsedMs: Infinity }, `maxElapsedMs must be ${ms}; it is Infinity.`],
    [{ maxResubmissions: 0.1 }, `maxResubmissions must be ${count}; it is 0.1.`],
    [{ attemptTimeoutMs: "1s" }, `attemptTimeoutMs must be ${ms}; it is "1s".`],
    [{ deadline: "tomorrow" }, `it is "tomorrow".`],
    [
      { deadline: new Date("nonsense") },
      "deadline must be a valid Date, epoch milliseconds, or a function giving the milliseconds left; it is an invalid Date.",
    ],
    [{ deadline: NaN }, "it is NaN."],
    [{ deadline: {} }, "it is an object."],
    [
      { remedies: "registerProvider" },
      `remedies must be an array of remedies, such as [registerProvider()]; it is "registerProvider".`,
    ],
    [
      { remedies: ["registerProvider"] },
      `remedies[0] must be a remedy, such as registerProvider(); it is "registerProvider".`,
    ],
    [{ remedies: [registerProvider] }, "remedies[0] must be a remedy, such as registerProvider(); it is a function."],
    [{ remedies: [registerProvider(), null] }, "remedies[1] must be a remedy, such as registerProvider(); it is null."],
    [
      { remedies: [registerProvider(), registerProvider()] },
      `remedies[1] must be named once; it is "registerProvider".`,
    ],
    [{ throttle: {} }, "throttle must be the result of createThrottle(); it is an object."],
    [{ throttle: true }, "throttle must be the result of createThrottle(); it is true."],
    [{ priority: "urgent" }, `priority must be "foreground" or "background"; it is "urgent".`],
    [{ circuitBreaker: true }, "circuitBreaker must be false or { failures, probeAfterMs }; it is true."],
    [{ circuitBreaker: null }, "circuitBreaker must be false or { failures, probeAfterMs }; it is null."],
    [{ circuitBreaker: { failures: 0 } }, "circuitBreaker.failures must be 1 or more; it is 0."],
    [{ circuitBreaker: { failures: "many" } }, `circuitBreaker.failures must be ${count}; it is "many".`],
    [{ circuitBreaker: { probeAfterMs: -1 } }, `circuitBreaker.probeAfterMs must be ${ms}; it is -1.`],
    [
      { telemetry: "on" },
      `telemetry must be the result of openTelemetry() from azure-remedy/opentelemetry; it is "on".`,
    ],
    [
      { telemetry: () => 0 },
      "telemetry must be the result of openTelemetry() from azure-remedy/opentelemetry; it is a function.",
    ],
    [{ onEvent: "log" }, `onEvent must be a function; it is "log".`],
    [{ onEvent: { emit: true } }, "onEvent must be a function; it is an object."],
    [{ catalog: [] }, "catalog must be the result of defineCatalog(); it is an array."],
    [{ catalog: null }, "catalog must be the result of defineCatalog(); it is null."],
    [{ clock: Date }, "clock must be { now(), sleep(ms, signal) }; it is a function."],
    [{ clock: null }, "clock must be { now(), sleep(ms, signal) }; it is null."],
    [{ clock: { now: () => 0 } }, "clock must be { now(), sleep(ms, signal) }; it is an object."],
    [{ random: 0.5 }, "random must be a function; it is 0.5."],
    [{ maxRetry: 3 }, 'options has no option "maxRetry"; did you mean maxRetries?'],
    [{ retryOptions: {} }, 'options has no option "retryOptions"; it knows maxRetries, '],
    [{ circuitBreaker: { threshold: 5 } }, 'circuitBreaker has no option "threshold"; it knows failures, probeAfterMs'],
    [{ deadline: 600_000 }, "deadline must be a time, not a duration: write Date.now() + milliseconds; it is 600000."],
  ])("%o is named with its value", (options, message) => {
    for (const install of [
      () => remedyPolicy(options),
      () => withRemedy({ pipeline: createEmptyPipeline() }, options as RemedyOptions),
    ]) {
      expect(install).toThrow(message);
      expect(install).toThrow(/^azure-remedy: /);
    }
  });

  it("of a number's kind is a RangeError, any other a TypeError", () => {
    expect(() => remedyPolicy({ maxRetries: -1 })).toThrow(RangeError);
    expect(() => remedyPolicy({ maxRetries: "3" as never })).toThrow(TypeError);
  });

  it.each([null, 5, "options", true])("%j is no options at all", (options) => {
    expect(() => remedyPolicy(options as never)).toThrow(`options must be an object; it is`);
  });

  it.each<[Loose, string]>([
    [{ name: 5 }, "name must be a string; it is 5."],
    [{ idempotent: "yes" }, `idempotent must be true or false; it is "yes".`],
    [{ candidates: "Standard_D2s_v5" }, `candidates must be an array of names; it is "Standard_D2s_v5".`],
    [{ readBack: true }, "readBack must be an async function; it is true."],
    [{ signal: {} }, "signal must be an AbortSignal; it is an object."],
    [{ maxRetries: -1 }, `maxRetries must be ${count}; it is -1.`],
    [{ deadline: "soon" }, `it is "soon".`],
  ])("of retryOperation, %o, is reported before anything runs", async (options, message) => {
    let runs = 0;
    const run = retryOperation(() => Promise.resolve((runs += 1)), options);
    await expect(run).rejects.toThrow(message);
    expect(runs).toBe(0);
  });

  it("of retryOperation's function is reported", async () => {
    await expect(retryOperation("az vm start" as never)).rejects.toThrow(
      `fn must be an async function; it is "az vm start".`,
    );
  });
});

describe("options that fit", () => {
  it.each<RemedyOptions>([
    {},
    { maxRetries: 0, maxElapsedMs: 0, maxResubmissions: 0, attemptTimeoutMs: 0 },
    { deadline: new Date(0) },
    { deadline: 0 },
    { deadline: () => 0 },
    { circuitBreaker: false },
    { circuitBreaker: {} },
    { circuitBreaker: { failures: 1, probeAfterMs: 0 } },
    { remedies: [] },
    { throttle: createThrottle() },
    { priority: "background" },
  ])("%o", (options) => {
    expect(remedyPolicy(options).name).toBe("remedyPolicy");
  });

  it("undefined is the default, as if it were left out", () => {
    const names = ["maxRetries", "deadline", "remedies", "throttle", "circuitBreaker", "onEvent", "catalog", "clock"];
    const options = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(remedyPolicy(options as RemedyOptions).name).toBe("remedyPolicy");
  });
});
