import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { maxChains, maxMessageChars, maxTextChars } from "../../src/failure/read-limits.js";
import type { Failure } from "../../src/failure/failure.js";
import { readFailure } from "../../src/failure/read.js";
import { redact } from "../../src/failure/secrets/redact.js";
import { redactBody } from "../../src/failure/secrets/redact-body.js";
import { codesOf, rootOf } from "./reading.js";

/** What every failure promises, whatever it was read from. */
function expectSound(failure: Failure): void {
  expect(failure.chains.length).toBeGreaterThan(0);
  expect(failure.chains.length).toBeLessThanOrEqual(maxChains);
  for (const chain of failure.chains) {
    expect(chain.length).toBeGreaterThan(0);
    for (const { code, message, target, status } of chain) {
      expect(message.length).toBeLessThanOrEqual(maxMessageChars + 64);
      expect(code).not.toBe("");
      expect(["string", "undefined"]).toContain(typeof code);
      expect(["string", "undefined"]).toContain(typeof target);
      expect(["number", "undefined"]).toContain(typeof status);
    }
  }
  expect(["none", "unknown", "answered"]).toContain(failure.execution);
  if (failure.retryAfterMs !== undefined) {
    expect(Number.isSafeInteger(failure.retryAfterMs)).toBe(true);
    expect(failure.retryAfterMs).toBeGreaterThanOrEqual(0);
  }
}

const keys = fc.constantFrom(
  "error",
  "Error",
  "code",
  "Code",
  "message",
  "Message",
  "details",
  "innererror",
  "properties",
  "statusMessage",
  "status",
  "value",
  "errors",
  "resultStatus",
  "errorDetail",
  "target",
  "__proto__",
  "constructor",
  "headers",
  "body",
  "bodyAsText",
  "name",
  "stack",
  "cause",
  "response",
);
const words = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "Failed",
    "DiskBusy",
    'Code="X"',
    '{"code":"Y"',
    "(DiskBusy) m",
    "try again after '5' seconds",
    "\ud800",
    "{",
    "[[",
    '\\"',
    "Code: ",
    'Message: "',
  ),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    words,
    fc.double(),
    fc.constantFrom(null, undefined, true, 409, NaN),
    tie("list"),
    tie("fields"),
    tie("json"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  fields: fc.dictionary(keys, tie("value"), { maxKeys: 5, noNullPrototype: false }),
  json: tie("fields").map((fields) => JSON.stringify(fields)),
}));

describe("whatever comes in", () => {
  it("is read without an error, into a sound failure", () => {
    fc.assert(
      fc.property(anything, (input) => expectSound(readFailure(input, { now: 0 }))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.anything({ withMap: true, withTypedArray: true, withNullPrototype: true }), (input) =>
        expectSound(readFailure(input)),
      ),
    );
  });

  it("is read the same way twice, and left as it was", () => {
    fc.assert(
      fc.property(anything, (input) => {
        const before = structuredClone(input);
        expect(readFailure(input, { now: 0 })).toEqual(readFailure(input, { now: 0 }));
        expect(input).toEqual(before);
      }),
    );
  });

  it("as the body of an answer, keeps its status", () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), words, (status, bodyAsText) => {
        expect(readFailure({ status, headers: {}, bodyAsText }).status).toBe(status);
      }),
    );
  });

  it.each([
    undefined,
    null,
    0,
    409,
    NaN,
    true,
    "",
    "  \n",
    Symbol("x"),
    10n,
    () => "x",
    {},
    [],
    new Map(),
    new Date(0),
  ])("%s is nothing that could be read", (input) => {
    expect(readFailure(input)).toEqual({ origin: "none", chains: [[{ message: "" }]], execution: "unknown" });
  });

  it("never touches a prototype", () => {
    const hostile = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"error":{"__proto__":{"polluted":1},"code":"DiskBusy","message":"m"}}`;
    for (const input of [
      hostile,
      JSON.parse(hostile),
      hostile.slice(0, -3),
      `text {'__proto__': {'polluted': 1}, 'code': 'DiskBusy'} text`,
    ]) {
      expect(rootOf(input).code).toBe("DiskBusy");
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("things that throw when they are looked at", () => {
  const thrower = (): never => {
    throw new Error("do not look");
  };

  it("reads what can be read of an object with a getter that throws", () => {
    const body = Object.defineProperty({ error: { code: "DiskBusy", message: "m" } }, "properties", {
      enumerable: true,
      get: thrower,
    });
    expect(rootOf(body)).toEqual({ code: "DiskBusy", message: "m" });
    const answer = { status: 409, headers: {}, parsedBody: { error: { code: "DiskBusy", message: "m" } } };
    expect(readFailure(Object.defineProperty(answer, "bodyAsText", { enumerable: true, get: thrower }))).toMatchObject({
      status: 409,
      chains: [[{ code: "DiskBusy" }]],
    });
    const error = Object.defineProperty(new Error("(DiskBusy) m"), "details", { get: thrower });
    expect(rootOf(error).code).toBe("DiskBusy");
  });

  it("gives up on a proxy that throws at everything", () => {
    const traps = ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor"];
    const proxy: object = new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, thrower])));
    expect(readFailure(proxy).origin).toBe("none");
    expectSound(readFailure({ status: 500, headers: proxy, bodyAsText: "" }));
    expectSound(readFailure({ error: { code: "DiskBusy", message: "m", details: [proxy] } }));
  });
});

describe("work is bounded", () => {
  const big = 20_000_000;

  it("on twenty megabytes", () => {
    for (const text of ["x", " ", "{", '{"a":', "[", '"', "\\", "Code: X\n", "\n"].map((seed) =>
      seed.repeat(big / seed.length),
    )) {
      expectSound(readFailure(text));
    }
    const body = `{"error":{"code":"DiskBusy","message":"${"y".repeat(big)}"}}`;
    expect(codesOf(readFailure({ status: 409, headers: {}, bodyAsText: body }))).toEqual(["DiskBusy"]);
  });

  it("finds a failure at either end of a long log", () => {
    const noise = "2024-03-01 all is well\n".repeat(maxTextChars / 10);
    expect(rootOf(`(DiskBusy) m\n${noise}`).code).toBe("DiskBusy");
    expect(rootOf(`${noise}\n(DiskBusy) m`).code).toBe("DiskBusy");
  });

  it("on ten thousand levels", () => {
    let error: object = { code: "Innermost", message: "m" };
    for (let level = 0; level < 10_000; level++)
      error = { error: { code: "Outer", message: `m${level}`, details: [error] } };
    expectSound(readFailure(error));
    expectSound(readFailure('{"error":'.repeat(10_000) + "{}" + "}".repeat(10_000)));
    let text = "m";
    for (let level = 0; level < 10; level++) text = JSON.stringify({ code: `Level${level}`, message: text });
    expect(codesOf(readFailure(text))[0]).toBe("Level9");
    let cause = new Error("deepest");
    for (let level = 0; level < 10_000; level++) cause = new Error("outer", { cause });
    expectSound(readFailure(cause));
  });

  it.each<[what: string, list: () => unknown]>([
    ["a list with four thousand million holes", () => Object.assign([], { length: 4_294_967_295 })],
    [
      "a proxy that says it is as long",
      () => new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 40 : undefined), has: () => true }),
    ],
  ])("on %s", (_, list) => {
    expectSound(readFailure(list()));
    expectSound(readFailure({ error: { code: "DiskBusy", message: "m", details: list() } }));
    expectSound(readFailure({ status: 500, headers: list(), bodyAsText: "" }));
    expectSound(readFailure(Object.assign(new AggregateError([], "x"), { errors: list() })));
    redactBody({ list: list() });
  });

  it("on things that hold themselves", () => {
    const node: Record<string, unknown> = { code: "DiskBusy", message: "m" };
    Object.assign(node, { error: node, innererror: node, details: [node, node, node] });
    expect(rootOf(node).code).toBe("DiskBusy");
    const error = new AggregateError([], "all of us");
    error.errors = Array.from({ length: 20 }, () => error);
    error.cause = error;
    expectSound(readFailure(error));
  });

  it("on a million entries, keys or parts", () => {
    expectSound(readFailure(Array.from({ length: 1_000_000 }, (_, i) => ({ code: `Code${i}`, message: "m" }))));
    expectSound(readFailure(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`key${i}`, { code: "x" }]))));
    expectSound(
      readFailure({
        status: 500,
        headers: Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`key${i}`, "v"])),
        bodyAsText: "",
      }),
    );
    const many = (line: (i: number) => string): string => Array.from({ length: 10_000 }, (_, i) => line(i)).join("");
    expectSound(readFailure(many((i) => `Code: AbcDef${i}\n`)));
    expectSound(readFailure(many((i) => `Error: {"code":"AbcDef${i}","message":"m"}\n`)));
    expectSound(readFailure(many((i) => `Code="AbcDef${i}" Message="`)));
    const shared = "Code: AbcDef ".repeat(100_000);
    expectSound(
      readFailure({
        error: {
          code: "X",
          message: "m",
          details: Array.from({ length: 5_000 }, (_, i) => ({ code: `C${i}`, message: shared })),
        },
      }),
    );
  });

  it("with time that grows as the text does, for any repeated fragment", () => {
    const fragment = fc.oneof(
      fc.constantFrom(
        "{",
        "[{",
        'Code="',
        'Message="',
        "(AbcDef) ",
        'password="',
        '\\"',
        " -p",
        "eyJ-",
        "-----BEGIN PRIVATE KEY-----",
        "://a:",
        "'a' + ",
        "| ",
        "&",
        '***"a":',
        " undefined",
        "\n+ ",
        'Status: "Abc" ',
      ),
      fc.string({ minLength: 1, maxLength: 6 }),
    );
    // Not a measurement: what goes back over its text takes minutes here, and the runner's time limit says so.
    fc.assert(
      fc.property(fragment, fc.constantFrom(readFailure, redact), (seed, read) => {
        read(seed.repeat(Math.ceil(60_000 / seed.length)));
      }),
      { numRuns: 60 },
    );
  });
});
