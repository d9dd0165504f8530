/** One call, one token: what becomes of it over long waits, and of a call that gets none. */
import { AuthenticationRequiredError, CredentialUnavailableError } from "@azure/identity";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import type { RemedyEvent } from "azure-remedy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy, waitsOf } from "../support/outcome.js";
import { inVirtualTime, storyStart } from "../support/virtual-time.js";

const second = 1_000;
const minute = 60 * second;
const tokensOf = (arm: Emulator): number => new Set(arm.exchanges.map(({ token }) => token)).size;

describe.each(generations)("arm-compute %s, the token of a call", (generation) => {
  it("is renewed after a wait in which it died: no 401 at all", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator({ tokenLifetimeMs: 5 * minute, authentication: "required" });
      arm.addVm({ name: "web-01" });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 10 * 60 });
      await connect(generation, arm, time).get("web-01");
      expect(arm.story).toEqual([
        "GET virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "GET virtualMachines/web-01 200",
      ]);
      expect(arm.credential.calls).toBe(2);
      expect(tokensOf(arm)).toBe(2);
    }));

  it("is kept over short waits", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator();
      arm.addVm({ name: "web-01" });
      arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 4 });
      await connect(generation, arm, time).get("web-01");
      expect(arm.credential.calls).toBe(1);
      expect(tokensOf(arm)).toBe(1);
    }));

  it("is sent as it is when no other is to be had: the service says whether it is still good", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator({ tokenLifetimeMs: minute });
      arm.addVm({ name: "web-01" });
      const events: RemedyEvent[] = [];
      const compute = connect(generation, arm, time, { onEvent: (event) => events.push(event) });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 150 });
      const call = compute.get("web-01");
      await time.sleep(minute);
      arm.failToken(new CredentialUnavailableError("ManagedIdentityCredential: no answer."));
      await call;
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["429", "401", "200"]);
      expect(tokensOf(arm)).toBe(2);
      expect(events).toMatchObject([
        { type: "throttle", state: "closed" },
        { type: "retry" },
        { type: "fault", where: "renewing the token", message: "ManagedIdentityCredential: no answer." },
        { type: "throttle", state: "reopened" },
        { type: "remedy", remedy: "refreshCredential", phase: "done" },
        { type: "recovered", attempts: 3 },
      ]);
    }));

  it("that the service calls expired is renewed once, and the request sent again", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator({ tokenLifetimeMs: 3 * minute });
      arm.addVm({ name: "web-01" });
      // It is turned away after it died under way, so the SDK has another one by now.
      arm.latency({ on: "GET virtualMachines", ms: 4 * minute, times: 1 });
      arm.fail("ExpiredAuthenticationToken", { on: "GET virtualMachines" });
      await connect(generation, arm, time, { attemptTimeoutMs: 0 }).get("web-01");
      expect(arm.story).toEqual([
        "GET virtualMachines/web-01 401 ExpiredAuthenticationToken",
        "GET virtualMachines/web-01 200",
      ]);
      expect(time.elapsedMs()).toBe(4 * minute);
      expect(tokensOf(arm)).toBe(2);
    }));

  it("that the service calls expired, while the SDK holds it for good, is not sent a second time", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator();
      arm.addVm({ name: "web-01" });
      const compute = connect(generation, arm, time);
      await compute.get("web-01");
      arm.expireTokens();
      const error = await remedyErrorOf(compute.get("web-01"));
      expect(error).toMatchObject({ code: "ExpiredAuthenticationToken", statusCode: 401 });
      expect(error.message).toContain("correct this machine's clock");
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["200", "401"]);
    }));

  it("that lacks claims is challenged for them, and the bearer policy answers", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator();
      arm.addVm({ name: "web-01" });
      arm.fail(claimsChallenge, { on: "GET virtualMachines" });
      const asked: (string | undefined)[] = [];
      const credential = noting(arm, asked);
      await connect(generation, arm, time, {}, { credential }).get("web-01");
      expect(arm.story.map((line) => line.split(" ")[2])).toEqual(["401", "200"]);
      expect(asked).toEqual([undefined, claims]);
      expect(tokensOf(arm)).toBe(2);
    }));

  it("that lacks claims again after the challenge ends in an explained 401", () =>
    inVirtualTime(async (time) => {
      await using arm = await startEmulator();
      arm.addVm({ name: "web-01" });
      arm.fail(claimsChallenge, { on: "GET virtualMachines", times: Infinity });
      const asked: (string | undefined)[] = [];
      const error = await remedyErrorOf(
        connect(generation, arm, time, {}, { credential: noting(arm, asked) }).get("web-01"),
      );
      expect(error.statusCode).toBe(401);
      expect(arm.story).toHaveLength(2);
      expect(asked).toEqual([undefined, claims]);
    }));
});

const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1767600000" } } });
const claimsChallenge = {
  status: 401,
  headers: {
    "www-authenticate": `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`,
  },
  body: { error: { code: "InvalidAuthenticationToken", message: "The access token lacks claims." } },
};

/** The emulator's credential, with the claims it is asked for. */
function noting(arm: Emulator, asked: (string | undefined)[]): Pick<Emulator["credential"], "getToken"> {
  return {
    getToken: (scopes, options: { claims?: string } = {}) => {
      asked.push(options.claims);
      return arm.credential.getToken(scopes, options);
    },
  };
}

describe.each(generations)("arm-compute %s, a call without a token", (generation) => {
  let arm: Emulator;
  beforeEach(async () => {
    arm = await startEmulator();
    arm.addVm({ name: "web-01" });
  });
  afterEach(() => arm.stop());

  const required = (message: string): Error => new AuthenticationRequiredError({ scopes: ["s"], message });

  it.each([
    ["Entra ID is overloaded", required("temporarily_unavailable: AADSTS90055: The server is too busy."), [2, 4]],
    [
      "Entra ID cannot be reached",
      required("network_error: See https://aka.ms/msal.js.errors for details."),
      [0.8, 1.6],
    ],
    [
      "the managed identity does not answer",
      new CredentialUnavailableError("network_error: no answer from IMDS"),
      [0.8, 1.6],
    ],
  ])("is made again when %s", (_, failure, waits) =>
    inVirtualTime(async (time) => {
      arm.failToken(failure, 2);
      const events: RemedyEvent[] = [];
      await connect(generation, arm, time, { onEvent: (event) => events.push(event) }).get("web-01");
      expect(arm.story).toEqual(["GET virtualMachines/web-01 200"]);
      expect(arm.credential.calls).toBe(3);
      const told = events.map((event) => (event.type === "retry" ? event.delayMs / second : event.type));
      expect(told).toEqual([...waits, "recovered"]);
    }),
  );

  it.each([
    [
      "a wrong secret",
      "invalid_client: Error(s): 7000215 - AADSTS7000215: Invalid client secret provided.",
      "AADSTS7000215",
    ],
    [
      "an unknown app",
      "unauthorized_client: AADSTS700016: Application with identifier 'x' was not found.",
      "AADSTS700016",
    ],
    [
      "an expired secret",
      "invalid_client: AADSTS7000222: The provided client secret keys are expired.",
      "AADSTS7000222",
    ],
  ])("because of %s is explained at once, and nothing is sent", (_, message, code) =>
    inVirtualTime(async (time) => {
      arm.failToken(required(message), 9);
      const error = await remedyErrorOf(connect(generation, arm, time).get("web-01"));
      expect(error).toMatchObject({ name: "RestError", code, diagnosis: { disposition: "permanent" } });
      expect(error.cause).toMatchObject({ name: "AuthenticationRequiredError" });
      expect(arm.story).toEqual([]);
      expect(arm.credential.calls).toBe(1);
      expect(time.elapsedMs()).toBe(0);
    }),
  );

  it("is given up within its budget, and says when to come back", () =>
    inVirtualTime(async (time) => {
      arm.failToken(required("network_error: See https://aka.ms/msal.js.errors for details."), 50);
      const error = await remedyErrorOf(connect(generation, arm, time, { maxRetries: 3 }).get("web-01"));
      expect(arm.story).toEqual([]);
      expect(waitsOf(error)).toEqual([800, 1_600, 3_200, 0]);
      expect(error.reason).toBe("transient, but 3 retries are used up");
      expect(error.retryAt?.getTime()).toBe(storyStart + 5_600 + 6_400);
    }));

  it("ends at once when the caller aborts", () =>
    inVirtualTime(async (time) => {
      arm.failToken(required("temporarily_unavailable: AADSTS90055: The server is too busy."), 50);
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 3 * second);
      const error = await thrownBy(connect(generation, arm, time).get("web-01", { abortSignal: abort.signal }));
      expect(error.name).toBe("AbortError");
      expect(time.elapsedMs()).toBe(3 * second);
      await time.sleep(minute);
      expect(arm.credential.calls).toBe(2);
    }));

  it("that fails for a reason of the user's own is left alone", () =>
    inVirtualTime(async (time) => {
      const own = new TypeError("the vault is sealed");
      arm.failToken(own);
      expect(await thrownBy(connect(generation, arm, time).get("web-01"))).toBe(own);
    }));
});
