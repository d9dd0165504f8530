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
import type { Pipeline } from "@azure/core-rest-pipeline";
import { ActivityLog } from "./activity-log.js";
import { Access } from "./access.js";
import { Capacity } from "./capacity.js";
import { Health } from "./health.js";
import { Locks } from "./locks.js";
import { Policies } from "./policies.js";
import { Quotas } from "./quotas.js";
import { Restrictions } from "./restrictions.js";
import { Blobs } from "./blobs.js";
import { cloudControls, type CloudControls } from "./cloud-controls.js";
import type { Cloud } from "./exchange.js";
import { createClientFailures } from "./client-failures.js";
import { createClientSide, type EmulatorClientOptions } from "./client.js";
import { createDispatcher } from "./dispatch.js";
import { faultControls, type FaultControls } from "./fault-controls.js";
import type { FaultContext } from "./fault-context.js";
import { Faults, type FaultTarget } from "./faults.js";
import { allRoutes } from "./handlers/all-routes.js";
import { Operations } from "./operations.js";
import { checkPace, resolveOptions, type EmulatorOptions, type OperationPace } from "./options.js";
import { Registrations } from "./registrations.js";
import { Resources } from "./resources.js";
import { Router, type RouteMatch } from "./router.js";
import { startServer } from "./server.js";
import { EmulatorState, type VmSetup, type VmState } from "./state.js";
import { Story, type Exchange, type Execution } from "./story.js";
import { Throttling } from "./throttling.js";
import { TokenIssuer, type EmulatorCredential } from "./tokens.js";

/** A running emulator. */
export interface Emulator extends FaultControls, CloudControls {
  /** `http://127.0.0.1:PORT`, for curl and other tools; no token is needed. */
  readonly endpoint: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  /**
   * For the constructor of any ARM client: `new ComputeManagementClient(arm.credential, arm.subscriptionId,
   * arm.clientOptions)`. Requests keep their https URLs and tokens and are redirected to the emulator when they are
   * sent, whatever their host.
   */
  readonly clientOptions: EmulatorClientOptions;
  /** Issues tokens for the principal `emulator-user` and counts how often it is asked. */
  readonly credential: EmulatorCredential;
  /** A credential of another principal: each has its own throttling buckets. */
  credentialOf(principal: string): EmulatorCredential;
  /** Redirects a pipeline made by `createPipelineFromOptions` to the emulator. Returns it. */
  connect<Connected extends Pipeline>(pipeline: Connected): Connected;

  /** The contents of the cloud: read them, add to them, change them without the client's knowledge. */
  readonly state: EmulatorState;
  /** The true state of the VM, whatever a client saw; undefined if there is none. Short for `state.vm`. */
  vm(name: string, resourceGroup?: string): VmState | undefined;
  /** Adds an existing VM. Short for `state.addVm`. */
  addVm(setup: VmSetup): VmState;
  /** Every exchange in order of arrival, one line each: `"PUT virtualMachines/web-01 201"`, `"GET operations/op-1 200 InProgress"`. */
  readonly story: readonly string[];
  /** The same in full. */
  readonly exchanges: readonly Exchange[];
  /**
   * Each write, delete and action that the service carried out, and how often, whatever its client saw; including those
   * inside deployments. A `count` above 1 means that it ran more than once.
   */
  readonly executions: readonly Execution[];
  /** Forgets the story and the executions so far. */
  clearStory(): void;
  /** Throws an `Error` that lists the requests unknown to the emulator. */
  assertNoUnknownRequests(): void;

  /** From now on, every token issued so far gets 401 ExpiredAuthenticationToken. */
  expireTokens(): void;
  /** The next `times` calls of `getToken` reject with the error. Default 1. */
  failToken(error: Error, times?: number): void;

  /**
   * Settings for the operations of some calls (duration, polls, Retry-After, polling style). Later settings override
   * earlier ones.
   */
  longRunning(options: { readonly on: FaultTarget } & Partial<OperationPace>): void;
  /** Finishes all operations, whatever they still had to wait for. */
  finishOperations(): void;

  /**
   * Closes every socket. Afterwards it rejects if unknown requests came (see `onUnknownRequest`) that
   * `assertNoUnknownRequests()` has not reported yet. Stopping twice is harmless.
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
  const resources = new Resources(subscriptionId);
  const cloud: Cloud = {
    options: resolved,
    clock,
    resources,
    access: new Access(clock),
    activityLog: new ActivityLog(subscriptionId, resolved.activityLogLateMs, clock),
    health: new Health(resolved.location, clock),
    locks: new Locks(),
    policies: new Policies(subscriptionId, tenantId),
    restrictions: new Restrictions(),
    quotas: new Quotas(resources),
    capacity: new Capacity(resolved.capacity, resources, clock),
    operations: new Operations(clock),
    registrations: new Registrations(resolved.unregistered, resolved.operations, clock),
    inspectorStorage: new Map(),
    deployments: new Map(),
    blobs: new Blobs(clock),
    illnesses: new Map(),
    extensionFailures: new Map(),
    instanceFailures: new Map(),
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
  const client = createClientSide(server.endpoint, createClientFailures({ cloud, router, faults, story, tokens }));
  const state = new EmulatorState(cloud);
  let toldOf = 0;
  const assertNoUnknownRequests = (): void => {
    toldOf = story.unknown.length;
    if (toldOf === 0) return;
    const list = story.unknown.map((request) => `  ${request}`).join("\n");
    throw new Error(`The emulator does not know ${toldOf} of the requests that came:\n${list}`);
  };
  const stop = async (): Promise<void> => {
    client.close();
    await server.stop();
    const isNews = story.unknown.length > toldOf;
    if (isNews && resolved.onUnknownRequest === "complain") assertNoUnknownRequests();
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
    addVm: (setup) => state.addVm(setup),
    get story() {
      return story.lines;
    },
    get exchanges() {
      return story.exchanges;
    },
    get executions() {
      return story.executions;
    },
    clearStory: () => story.clear(),
    assertNoUnknownRequests,
    ...faultControls(faults),
    ...cloudControls(cloud),
    expireTokens: () => tokens.expireAll(),
    failToken: (error, times = 1) => tokens.failNext(error, times),
    longRunning: ({ on, ...pace }) => {
      checkPace("longRunning", pace);
      if (!faults.canBeOperation(on)) {
        throw new TypeError(`longRunning: nothing that ${String(on)} means begins an operation.`);
      }
      paces.push({ matches: faults.matcher(on), pace });
    },
    finishOperations: () => cloud.operations.finishAll(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
