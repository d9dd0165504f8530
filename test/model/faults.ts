/** Random faults of a call: what strikes its first request, its polls, and readings of the machine. */
import fc from "../support/properties.js";
import type { Emulator } from "azure-remedy/emulator";

/** A fault that can be printed, so that a counterexample can be read. */
export interface Fault {
  readonly on: "first" | "polls" | "reads";
  readonly times: number;
  readonly how:
    | { readonly kind: "answer"; readonly code: string }
    | { readonly kind: "operation"; readonly code: string; readonly completesAnyway: boolean }
    | { readonly kind: "reset" | "page"; readonly after: "before-execution" | "after-execution" }
    | { readonly kind: "cut" }
    | { readonly kind: "throttle"; readonly hint: "header" | "date" | "text" | "none" };
}

const moment = fc.constantFrom("before-execution" as const, "after-execution" as const);

const answered = fc.constantFrom(
  "InternalServerError",
  "AnotherOperationInProgress",
  "InvalidParameter",
  "QuotaExceeded",
  "SkuNotAvailable",
  "AuthorizationFailed",
);
const atTheEnd = fc.constantFrom(
  "StorageAccountTooBusy",
  "InternalOperationError",
  "AllocationFailed",
  "AnotherOperationInProgress",
  "TooManyRequests",
  "OSProvisioningInternalError",
  "VMExtensionProvisioningError",
);
/** Only what gave up waiting can still come about. */
const gaveUpWaiting = fc.constantFrom("OSProvisioningTimedOut", "VMStartTimedOut");

const trouble: fc.Arbitrary<Fault["how"]> = fc.oneof(
  fc.record({ kind: fc.constantFrom("reset" as const, "page" as const), after: moment }),
  fc.record({ kind: fc.constant("cut" as const) }),
  fc.record({ kind: fc.constant("throttle" as const), hint: fc.constantFrom("header", "date", "text", "none") }),
);

const ofFirst: fc.Arbitrary<Fault["how"]> = fc.oneof(
  trouble,
  answered.map((code) => ({ kind: "answer" as const, code })),
  atTheEnd.map((code) => ({ kind: "operation" as const, code, completesAnyway: false })),
  fc.tuple(gaveUpWaiting, fc.boolean()).map(([code, completesAnyway]) => ({
    kind: "operation" as const,
    code,
    completesAnyway,
  })),
);

const times = fc.integer({ min: 1, max: 3 });

/** Up to three faults. */
export const faults: fc.Arbitrary<readonly Fault[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ on: fc.constant("first" as const), times, how: ofFirst }) },
    {
      weight: 1,
      arbitrary: fc.record({ on: fc.constantFrom("polls" as const, "reads" as const), times, how: trouble }),
    },
  ),
  { maxLength: 3 },
);

/** @param first the request that begins the call: `PUT virtualMachines/web-01` */
export function plant(arm: Emulator, { on: place, times: often, how }: Fault, first: string): void {
  const on = place === "first" ? first : place === "polls" ? "GET operations" : "GET virtualMachines";
  const placement = { on, times: often };
  switch (how.kind) {
    case "answer":
      return void arm.fail(how.code, { ...placement, as: "answer" });
    case "operation":
      return void arm.fail(how.code, { ...placement, as: "operation", completesAnyway: how.completesAnyway });
    case "reset":
      return void arm.reset({ ...placement, after: how.after });
    case "page":
      return void arm.html({ ...placement, status: 502, after: how.after });
    case "cut":
      return void arm.cutBody(placement);
    case "throttle":
      return void arm.throttle({ ...placement, hint: how.hint, retryAfter: 20 });
  }
}
