/**
 * The contents of the cloud, for tests and people: read them, add to them, change them without the client's knowledge.
 */
import { checkNames, print } from "../option-check.js";
import type { Cloud } from "./exchange.js";
import { digText, type JsonObject } from "./json.js";
import {
  isExtension,
  isMachine,
  machineType,
  newMachine,
  powerStates,
  setSize,
  sizeOf,
  type Machine,
  type PowerState,
} from "./machine.js";
import type { RegistrationState } from "./registrations.js";
import { newResource, present, settle } from "./resources.js";

/** The true state of a virtual machine, whatever a client saw. */
export interface VmState {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly size: string;
  readonly zones: readonly string[];
  readonly provisioningState: string;
  readonly powerState: PowerState;
  readonly generalized: boolean;
  readonly etag: string;
  /** Why `provisioningState` is Failed: `{ code, message, ... }`. */
  readonly failure: JsonObject | undefined;
  /** The completed scripts of run commands, oldest first. */
  readonly commandsRun: readonly (readonly string[])[];
  /** By name. */
  readonly extensions: Readonly<Record<string, { readonly provisioningState: string }>>;
}

/** A VM to start with. */
export interface VmSetup {
  readonly name: string;
  /** Default `Standard_DS1_v2`. */
  readonly size?: string;
  /** Default the first resource group. It is created if it does not exist. */
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly zones?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Default `running`. */
  readonly powerState?: PowerState;
  /** Default `Succeeded`. */
  readonly provisioningState?: string;
  readonly generalized?: boolean;
  /** The OS disk is on the host: such a VM cannot be deallocated. Default false. */
  readonly ephemeralOsDisk?: boolean;
  /** Managed boot diagnostics, as enabled in the portal. Default false. */
  readonly bootDiagnostics?: boolean;
  /** Further properties of the VM resource (`priority`, `storageProfile`, ...). */
  readonly properties?: JsonObject;
}

const setupNames = Object.keys({
  name: true,
  size: true,
  resourceGroup: true,
  location: true,
  zones: true,
  tags: true,
  powerState: true,
  provisioningState: true,
  generalized: true,
  ephemeralOsDisk: true,
  bootDiagnostics: true,
  properties: true,
} satisfies Record<keyof VmSetup, true>);

function checkSetup(setup: VmSetup): void {
  if (typeof setup !== "object" || (setup as unknown) === null) {
    throw new TypeError(`addVm needs an object like { name: "web-01" }; it got ${print(setup)}.`);
  }
  checkNames("addVm", setup, setupNames);
  const { name, powerState } = setup;
  if (typeof name !== "string" || !/^[^/\s]+$/.test(name)) {
    throw new TypeError(`addVm: name must be the name of a VM, not ${print(name)}.`);
  }
  if (powerState !== undefined && !powerStates.includes(powerState)) {
    throw new TypeError(`addVm: powerState must be one of ${powerStates.join(", ")}, not ${print(powerState)}.`);
  }
}

/** An operation as the service knows it. */
export interface OperationState {
  /** Its name in the story. */
  readonly name: string;
  readonly id: string;
  readonly method: string;
  readonly resourceId: string;
  readonly status: string;
  readonly code: string | undefined;
}

export class EmulatorState {
  readonly #cloud: Cloud;

  /** @internal */
  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** The VM by name, in any resource group; undefined if there is none. */
  vm(name: string, resourceGroup?: string): VmState | undefined {
    const machine = this.#machine(name, resourceGroup);
    return machine && this.#view(machine);
  }

  get vms(): readonly VmState[] {
    this.#pass();
    return this.#machines().map((machine) => this.#view(machine));
  }

  get operations(): readonly OperationState[] {
    this.#pass();
    return this.#cloud.operations.all.map(({ label, id, method, resourceId, status, error }) => ({
      name: label,
      id,
      method,
      resourceId,
      status,
      code: digText(error, "code"),
    }));
  }

  /** The document of any resource, as a GET would return it; undefined if there is none. */
  resource(id: string): JsonObject | undefined {
    this.#pass();
    const found = this.#cloud.resources.find(id);
    return found && present(found);
  }

  registration(namespace: string): RegistrationState | undefined {
    this.#pass();
    return this.#cloud.registrations.find(namespace)?.state;
  }

  addResourceGroup(name: string, location: string = this.#cloud.options.location): void {
    this.#cloud.resources.putGroup(name, location, {});
  }

  /** Adds an existing VM and returns it. */
  addVm(setup: VmSetup): VmState {
    checkSetup(setup);
    const { options, resources, clock } = this.#cloud;
    const location = setup.location ?? options.location;
    const groupName = setup.resourceGroup ?? options.resourceGroups[0] ?? "rg";
    const group = resources.group(groupName) ?? resources.putGroup(groupName, location, {});
    const body = {
      ...(setup.zones && { zones: [...setup.zones] }),
      ...(setup.tags && { tags: { ...setup.tags } }),
      properties: { ...setup.properties },
    };
    const machine = newMachine(`${group.id}/providers/${machineType}/${setup.name}`, location, body, clock);
    if (setup.size !== undefined) setSize(machine, setup.size);
    if (setup.ephemeralOsDisk) {
      machine.properties["storageProfile"] = {
        osDisk: { createOption: "FromImage", diffDiskSettings: { option: "Local" } },
      };
    }
    if (setup.bootDiagnostics) {
      machine.properties["diagnosticsProfile"] = { bootDiagnostics: { enabled: true } };
    }
    machine.powerState = setup.powerState ?? "running";
    machine.generalized = setup.generalized ?? false;
    settle(machine, setup.provisioningState ?? "Succeeded");
    return this.#view(resources.put(machine));
  }

  /** Adds a resource of any emulated type by its full id. */
  addResource(id: string, body: JsonObject = {}): void {
    const location = digText(body, "location") ?? this.#cloud.options.location;
    this.#cloud.resources.put(newResource(id, location, body));
  }

  /**
   * Changes a VM without the client's knowledge: shut down from inside, evicted, resized in the portal. Throws if there
   * is none.
   */
  changeVm(
    name: string,
    change: Partial<Pick<VmState, "powerState" | "provisioningState" | "generalized" | "size">>,
  ): VmState {
    const machine = this.#machine(name);
    if (!machine) throw new Error(`The emulator has no VM "${name}".`);
    machine.powerState = change.powerState ?? machine.powerState;
    machine.generalized = change.generalized ?? machine.generalized;
    if (change.size !== undefined) setSize(machine, change.size);
    settle(machine, change.provisioningState ?? machine.provisioningState);
    return this.#view(machine);
  }

  setRegistration(namespace: string, state: RegistrationState): void {
    this.#cloud.registrations.set(namespace, state);
  }

  #machine(name: string, resourceGroup?: string): Machine | undefined {
    this.#pass();
    return this.#machines(resourceGroup).find((machine) => machine.name.toLowerCase() === name.toLowerCase());
  }

  #machines(resourceGroup?: string): Machine[] {
    return this.#cloud.resources.ofType(machineType, resourceGroup).filter(isMachine);
  }

  #pass(): void {
    this.#cloud.operations.pass();
    this.#cloud.registrations.pass();
  }

  #view(machine: Machine): VmState {
    const { id, name, resourceGroup, location, provisioningState, powerState, generalized, etag, failure } = machine;
    const zones = machine.outer["zones"];
    const extensions = this.#cloud.resources
      .childrenOf(id)
      .filter(isExtension)
      .map((extension) => [extension.name, { provisioningState: extension.provisioningState }]);
    return {
      id,
      name,
      resourceGroup,
      location,
      size: sizeOf(machine),
      zones: Array.isArray(zones) ? zones.map(String) : [],
      provisioningState,
      powerState,
      generalized,
      etag,
      failure,
      commandsRun: [...machine.commandsRun],
      extensions: Object.fromEntries(extensions) as VmState["extensions"],
    };
  }
}
