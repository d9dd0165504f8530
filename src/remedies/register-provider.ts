/**
 * `registerProvider()`: a subscription that never used a resource provider is refused until the provider is registered.
 * Registers it, waits until Azure reports `Registered`, and lets the request go again.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { parseArmUrl } from "./arm-url.js";
import type { FailedRequest, Remedy, RemedyContext } from "./remedy.js";
import { SingleFlight } from "./single-flight.js";

export interface RegisterProviderOptions {
  /**
   * Milliseconds that a registration may take. Default 300000: most take under two minutes, some never leave
   * `Registering`.
   */
  timeoutMs?: number;
  /** Milliseconds between checks of the registration's state. Default 10000. */
  pollMs?: number;
}

/** Stable since 2021 and available in every cloud. */
const providersApiVersion = "2021-04-01";

/** By subscription and namespace. */
const registrations = new SingleFlight();

/**
 * Allows registering a resource provider with the subscription when Azure requires it. Needs the permission
 * `{namespace}/register/action`, which Contributor has.
 */
export function registerProvider({ timeoutMs = 300_000, pollMs = 10_000 }: RegisterProviderOptions = {}): Remedy {
  return {
    name: "registerProvider",
    async apply(context) {
      const { origin, subscription } = parseArmUrl(context.request.url);
      const namespace = namespaceOf(context.diagnosis, context.request);
      if (!subscription || !namespace)
        throw new Error("neither the response nor the URL names a provider and a subscription");
      const provider = `${origin}/subscriptions/${subscription}/providers/${namespace}`;
      const wanted = { provider, namespace, timeoutMs, pollMs };
      await registrations.once(context, provider.toLowerCase(), pollMs, (alive) => register(context, wanted, alive));
      return { change: `registered ${namespace} with subscription ${subscription}` };
    },
  };
}

interface Registering {
  /** URL of the provider in the subscription. */
  readonly provider: string;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly pollMs: number;
}

async function register(
  context: RemedyContext,
  { provider, namespace, timeoutMs, pollMs }: Registering,
  alive: (waitMs: number) => void,
): Promise<void> {
  const { clock } = context;
  const query = `?api-version=${providersApiVersion}`;
  const begunAt = clock.now();
  const endsAt = begunAt + Math.min(timeoutMs, context.remainingMs());
  let state = stateOf(await post(context, `${provider}/register${query}`, namespace));
  while (state !== "registered") {
    if (clock.now() + pollMs > endsAt)
      throw new Error(
        `${namespace} is still ${state} after ${Math.round((clock.now() - begunAt) / 1_000)} s; check it with: az provider show -n ${namespace}`,
      );
    alive(pollMs);
    await clock.sleep(pollMs, context.signal);
    state = stateOf((await context.send({ method: "GET", url: provider + query })).body);
  }
}

async function post(context: RemedyContext, url: string, namespace: string): Promise<unknown> {
  try {
    return (await context.send({ method: "POST", url })).body;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 403) throw error;
    throw new Error(
      `no right to register ${namespace}: it needs ${namespace}/register/action on the subscription (Contributor has it)`,
      { cause: error },
    );
  }
}

function stateOf(body: unknown): string {
  const state = (body as { registrationState?: unknown } | undefined)?.registrationState;
  return typeof state === "string" ? state.toLowerCase() : "registering";
}

/**
 * From the message's parameters, the response's targets and messages, and finally the URL: services differ in what they
 * say.
 */
function namespaceOf({ parameters, chain }: Diagnosis, request: FailedRequest): string | undefined {
  if (parameters["namespace"]?.includes(".")) return parameters["namespace"];
  for (const { target = "", message } of [...chain].reverse()) {
    const found = asTarget.exec(target)?.[1] ?? namespaceIn(message.slice(0, 2_000));
    if (found !== undefined) return found;
  }
  return parseArmUrl(request.url).namespace;
}

/** `Microsoft.Compute`, or a type of it. */
const asTarget = /^([a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)+)(?:\/|$)/i;
/** Microsoft's own are recognizable anywhere; other names look like hosts and files, so the word before decides. */
const ofMicrosoft = /\bMicrosoft\.[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)*/i;
const named = /\b(?:namespace|provider)s?[ :'"“]{1,4}([a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)+)/i;

function namespaceIn(message: string): string | undefined {
  return ofMicrosoft.exec(message)?.[0] ?? named.exec(message)?.[1];
}
