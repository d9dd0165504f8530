/**
 * `registerProvider()`: a subscription that never used a resource provider is refused until the provider is registered.
 * Registers it, waits until Azure says `Registered`, and lets the request go again.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { AbortError, type AbortSignalLike } from "../time/clock.js";
import { parseArmUrl } from "./arm-url.js";
import type { FailedRequest, Remedy, RemedyContext } from "./remedy.js";

export interface RegisterProviderOptions {
  /** Milliseconds that a registration may take. Default 300000: most are done in two minutes, some hang in `Registering` for ever. */
  timeoutMs?: number;
  /** Milliseconds between looks at the registration's state. Default 10000. */
  pollMs?: number;
}

/** Stable since 2021, and known to every cloud. */
const providersApiVersion = "2021-04-01";

/** Registrations under way in this process, by subscription and namespace: callers that meet the same refusal share one. */
const underWay = new Map<string, Promise<void>>();

/**
 * Allows registering a resource provider with the subscription when Azure asks for it. Needs the right
 * `{namespace}/register/action`, which Contributor has.
 */
export function registerProvider({ timeoutMs = 300_000, pollMs = 10_000 }: RegisterProviderOptions = {}): Remedy {
  return {
    name: "registerProvider",
    async apply(context) {
      const { origin, subscription } = parseArmUrl(context.request.url);
      const namespace = namespaceOf(context.diagnosis, context.request);
      if (!subscription || !namespace)
        throw new Error("neither the answer nor the URL names a provider and a subscription");
      const provider = `${origin}/subscriptions/${subscription}/providers/${namespace}`;
      await shared(provider.toLowerCase(), context.signal, () =>
        register(context, provider, namespace, timeoutMs, pollMs),
      );
      return { change: `registered ${namespace} with subscription ${subscription}` };
    },
  };
}

/**
 * Joins the registration under way, or begins it. It runs on its first caller's behalf: when that one gives up, those who
 * joined begin it anew instead of failing with somebody else's abort.
 */
async function shared(key: string, signal: AbortSignalLike | undefined, begin: () => Promise<void>): Promise<void> {
  for (let running = underWay.get(key); running; running = underWay.get(key)) {
    const end = await orAbort(
      running.then(
        () => "done" as const,
        () => "failed" as const,
      ),
      signal,
    );
    if (end === "done") return;
  }
  const own = begin().finally(() => underWay.delete(key));
  underWay.set(key, own);
  await own;
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new AbortError());
    if (signal.aborted) { onAbort(); return; }
    signal.addEventListener("abort", onAbort);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

async function register(
  context: RemedyContext,
  provider: string,
  namespace: string,
  timeoutMs: number,
  pollMs: number,
): Promise<void> {
  const { clock, signal } = context;
  const query = `?api-version=${providersApiVersion}`;
  const endsAt = clock.now() + Math.min(timeoutMs, context.remainingMs());
  let state = stateOf(await post(context, `${provider}/register${query}`, namespace));
  while (state !== "registered") {
    if (clock.now() + pollMs > endsAt)
      throw new Error(
        `${namespace} is still ${state} after ${Math.round(timeoutMs / 1_000)} s; look at it with: az provider show -n ${namespace}`,
      );
    await clock.sleep(pollMs, signal);
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

/** From the message's parameters, the answer's targets, its words, and last the URL: services differ in what they say. */
function namespaceOf({ parameters, chain }: Diagnosis, request: FailedRequest): string | undefined {
  if (parameters["namespace"]?.includes(".")) return parameters["namespace"];
  for (const { target, message } of [...chain].reverse()) {
    if (target && /^[A-Za-z0-9]+\.[A-Za-z0-9.]+$/.test(target)) return target;
    const named = /'([A-Za-z0-9]+\.[A-Za-z0-9.]+)'/.exec(message.slice(0, 2_000))?.[1];
    if (named) return named;
  }
  return parseArmUrl(request.url).namespace;
}
