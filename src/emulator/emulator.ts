/**
 * A local ARM on 127.0.0.1 to rehearse against: real sockets, real clients, the behaviour of Azure where a VM script
 * meets it, and every failure of the catalog on demand.
 *
 * ```ts
 * await using arm = await startEmulator();
 * const compute = new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
 * arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
 * await compute.virtualMachines.createOrUpdate("rg", "web-01", { location: "westeurope" });
 * ```
 */
import type { Pipeline, PipelineRequest } from "@azure/core-rest-pipeline";
import type { Cloud } from "./call.js";
import { plantChaos, type ChaosOptions } from "./chaos.js";
import { createClientSide, type EmulatorClientOptions } from "./client.js";
import { createDispatcher, nameOf } from "./dispatch.js";
import {
  breakEffect,
  failEffect,
  latencyEffect,
  pageEffect,
  throttleEffect,
  type FailOptions,
  type FaultCode,
  type FaultContext,
  type Moment,
  type RetryAfter,
  type ThrottleFaultOptions,
} from "./fault-effects.js";
import { Faults, type FaultPlacement, type FaultTarget, type PlantedFault } from "./faults.js";
import { allRoutes } from "./handlers/all-routes.js";
import { isJsonObject } from "./json.js";
import { Operations } from "./operations.js";
import { checkPace, resolveOptions, type EmulatorOptions, type OperationPace } from "./options.js";
import { Registrations } from "./registrations.js";
import { Resources } from "./resources.js";
import { Router, type RouteMatch } from "./router.js";
import { startServer } from "./server.js";
import { EmulatorState, type VmSeed, type VmState } from "./state.js";
import { observe, Story, type Exchange } from "./story.js";
import { Throttling } from "./throttling.js";
import { TokenIssuer, type EmulatorCredential } from "./tokens.js";

/** Where and how often a fault strikes, and whether the service acts on the request before. Default `before-execution`. */
export interface BreakOptions extends FaultPlacement {
  readonly after?: Moment;
}

/** A running emulator. */
export interface Emulator {
  /** `http://127.0.0.1:PORT`, for curl and other tools; no token is needed. */
  readonly endpoint: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  /**
   * For the constructor of any ARM client: `new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions)`.
   * Requests keep their https URLs and tokens and are turned to the emulator as they are sent, whatever host they mean.
   */
  readonly clientOptions: EmulatorClientOptions;
  /** Issues tokens for the principal `emulator-user` and counts how often it is asked. */
  readonly credential: EmulatorCredential;
  /** A credential of another principal: each has throttling buckets of its own. */
  credentialOf(principal: string): EmulatorCredential;
  /** Turns a pipeline made by `createPipelineFromOptions` to the emulator. Returns it. */
  connect<Connected extends Pipeline>(pipeline: Connected): Connected;

  /** What the cloud holds: to look at, to seed, to change behind the client's back. */
  readonly state: EmulatorState;
  /** The VM as it truly is, whatever a client was told; undefined when there is none. Short for `state.vm`. */
  vm(name: string, resourceGroup?: string): VmState | undefined;
  /** Adds a VM that is there from the start. Short for `state.addVm`. */
  addVm(seed: VmSeed): VmState;
  /** Every exchange in order of arrival, one line each: `"PUT virtualMachines/web-01 201"`, `"GET operations/op-1 200 InProgress"`. */
  readonly story: readonly string[];
  /** The same in full. */
  readonly exchanges: readonly Exchange[];
  /** Forgets the story so far. */
  clearStory(): void;
  /** Throws an `Error` that names each request the emulator did not know. */
  assertNoUnknownRequests(): void;

  /**
   * Plants a failure: a catalog code (status and words come from the catalog, names from the request), a rule by its id,
   * a transport code (`"ECONNRESET"`, `"EAI_AGAIN"`), or the answer as it should come.
   * Throws a `TypeError` on an unknown code or a target that nothing can match.
   */
  fail(fault: FaultCode, options: FailOptions & FaultPlacement): PlantedFault;
  /** Resets the connection in place of the answer. */
  reset(options: BreakOptions): PlantedFault;
  /** Sends half of the answer's body and closes. The service has acted by then. */
  cutBody(options: FaultPlacement): PlantedFault;
  /** Never answers. */
  hang(options: BreakOptions): PlantedFault;
  /** An HTML page of a gateway, without the headers of Resource Manager. `status` defaults to 502. */
  html(options: BreakOptions & { readonly status?: number; readonly retryAfter?: RetryAfter }): PlantedFault;
  /** 429, with the wait said in one way or another. The true buckets stay as they are. */
  throttle(options: FaultPlacement & ThrottleFaultOptions): PlantedFault;
  /** Answers `ms` milliseconds later. `times` defaults to `Infinity` here. */
  latency(options: FaultPlacement & { readonly ms: number }): PlantedFault;
  /** A mix of faults struck at random, from a seed. */
  chaos(options: ChaosOptions): PlantedFault;
  /** Takes back all planted faults, latencies and chaos. */
  clearFaults(): void;
  /** Every token issued so far is answered 401 ExpiredAuthenticationToken from now on. */
  expireTokens(): void;
  /** The next `times` calls of `getToken` reject with the error. Default 1. */
  failToken(error: Error, times?: number): void;

  /** How operations of some calls go (duration, polls, Retry-After, polling style). Later words win over earlier ones. */
  longRunning(options: { readonly on: FaultTarget } & Partial<OperationPace>): void;
  /** Runs all operations to their end, whatever they still had to wait for. */
  finishOperations(): void;

  /**
   * Closes every socket. Rejects, once all is closed, if requests came that the emulator did not know (see
   * `onUnknownRequest`) and nobody has called `assertNoUnknownRequests()`. Stopping twice is harmless.
   */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a local ARM on 127.0.0.1. Throws a `TypeError` or `RangeError` that names a wrong option. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const resolved = resolveOptions(options);
  const { clock, subscriptionId, tenantId } = resolved;
  const router = new Router(allRoutes);
  const faults = new Faults(allRoutes);
  const story = new Story(resolved.historyLimit);
  const tokens = new TokenIssuer({ tenantId, lifetimeMs: resolved.tokenLifetimeMs, clock });
  const cloud: Cloud = {
    options: resolved,
    clock,
    resources: new Resources(subscriptionId),
    operations: new Operations(clock),
    registrations: new Registrations(resolved.unregistered, resolved.operations, clock),
    inspectorStorage: new Map(),
  };
  for (const group of resolved.resourceGroups) cloud.resources.putGroup(group, resolved.location, {});

  const paces: { matches: ReturnType<Faults["matcher"]>; pace: Partial<OperationPace> }[] = [];
  const paceOf = (context: FaultContext, { route, params }: RouteMatch): Partial<OperationPace> =>
    paces
      .filter(({ matches }) => matches(context.request, route, params))
      .reduce<Partial<OperationPace>>((all, { pace }) => ({ ...all, ...pace }), {});
  const throttling = new Throttling(resolved);
  const server = await startServer(
    resolved.port,
    createDispatcher({ cloud, router, faults, throttling, tokens, story, paceOf }),
  );
  const client = createClientSide(server.endpoint, (request) =>
    beforeSend(request, { cloud, router, faults, story, tokens }),
  );
  const state = new EmulatorState(cloud);
  let complained = false;

  const assertNoUnknownRequests = (): void => {
    complained = true;
    const unknown = story.exchanges.filter((exchange) => !exchange.known);
    if (unknown.length === 0) return;
    const list = unknown.map(({ method, path }) => `  ${method} ${path}`).join("\n");
    throw new Error(`The emulator does not know ${unknown.length} of the requests that came:\n${list}`);
  };
  const stop = async (): Promise<void> => {
    client.close();
    await server.stop();
    if (resolved.onUnknownRequest === "complain" && !complained) assertNoUnknownRequests();
  };

  return {
    endpoint: server.endpoint,
    subscriptionId,
    tenantId,
    get clientOptions() {
      return client.clientOptions;
    },
    credential: tokens.credential("emulator-user"),
    credentialOf: (principal) => tokens.credential(principal),
    connect: (pipeline) => client.connect(pipeline),
    state,
    vm: (name, resourceGroup) => state.vm(name, resourceGroup),
    addVm: (seed) => state.addVm(seed),
    get story() {
      return story.lines;
    },
    get exchanges() {
      return story.exchanges;
    },
    clearStory: () => story.clear(),
    assertNoUnknownRequests,
    fail: (fault, wanted) => faults.plant(wanted, failEffect(fault, wanted, faults.canBeOperation(wanted.on))),
    reset: (wanted) => faults.plant(wanted, breakEffect("reset", wanted.after ?? "before-execution")),
    cutBody: (wanted) => faults.plant(wanted, breakEffect("cut", "after-execution")),
    hang: (wanted) => faults.plant(wanted, breakEffect("hung", wanted.after ?? "before-execution")),
    html: (wanted) =>
      faults.plant(wanted, pageEffect(wanted.status ?? 502, wanted.after ?? "before-execution", wanted.retryAfter)),
    throttle: (wanted) => faults.plant(wanted, throttleEffect(wanted)),
    latency: (wanted) => faults.plant({ times: Infinity, ...wanted }, latencyEffect(wanted.ms)),
    chaos: (wanted) => plantChaos(faults, wanted),
    clearFaults: () => faults.clear(),
    expireTokens: () => tokens.expireAll(),
    failToken: (error, times = 1) => tokens.failNext(error, times),
    longRunning: ({ on, ...pace }) => {
      checkPace("longRunning", pace);
      if (!faults.canBeOperation(on))
        throw new TypeError(`longRunning: nothing that ${String(on)} means begins an operation.`);
      paces.push({ matches: faults.matcher(on), pace });
    },
    finishOperations: () => cloud.operations.finishAll(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface SendParts {
  readonly cloud: Cloud;
  readonly router: Router;
  readonly faults: Faults;
  readonly story: Story;
  readonly tokens: TokenIssuer;
}

/** The client's own failures strike here; the story tells of them, since no request arrives that could. */
function beforeSend(request: PipelineRequest, parts: SendParts): { code: string; message: string } | undefined {
  const { cloud, router, faults, story, tokens } = parts;
  const url = new URL(request.url);
  const match = router.find(request.method, url.pathname);
  const headers = request.headers.toJSON();
  const body: unknown = typeof request.body === "string" ? parseBody(request.body) : undefined;
  const arrived = {
    method: request.method,
    url,
    headers,
    body: isJsonObject(body) ? body : undefined,
    malformed: false,
  };
  const [, token] = (headers["authorization"] ?? "").split(" ");
  const observed = observe(arrived, match ? nameOf(match, cloud) : url.pathname, tokens.verify(token).principal);
  const context = { request: observed, params: match?.params ?? {}, path: url.pathname, cloud };
  const struck = faults.strikeUnsent(context, match?.route);
  if (!struck) return undefined;
  const exchange = story.open(observed, cloud.clock.now(), true);
  exchange.outcome = "failed to send";
  exchange.code = struck.code;
  return struck;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
