/** What must compile and what must not, checked by `npm run types`; nothing here runs. */
import type { RestError } from "@azure/core-rest-pipeline";
import {
  decide,
  defineCatalog,
  diagnose,
  isRemedyError,
  retryOperation,
  type Catalog,
  type Category,
  type Decision,
  type Diagnosis,
  type Disposition,
  type RemedyError,
} from "azure-remedy";
import { expectTypeOf } from "vitest";

declare const thrown: unknown;
declare const diagnosis: Diagnosis;

// A caught error becomes a RemedyError by the guard alone.
// @ts-expect-error nothing is known of it yet
expectTypeOf(thrown.diagnosis).toBeObject();
if (isRemedyError(thrown)) {
  expectTypeOf(thrown).toEqualTypeOf<RemedyError>();
  expectTypeOf(thrown.diagnosis.disposition).toEqualTypeOf<Disposition>();
  expectTypeOf(thrown.retryAt).toEqualTypeOf<Date | undefined>();
  // What code that knows RestError reads of an error is there.
  expectTypeOf(thrown).toExtend<Pick<RestError, "name" | "message" | "code" | "statusCode" | "request" | "details">>();
}

// Any input, one shape, and it is not to be written to.
expectTypeOf(diagnose).parameter(0).toBeUnknown();
expectTypeOf(diagnose(thrown)).toEqualTypeOf<Diagnosis>();
expectTypeOf(diagnosis.category).toEqualTypeOf<Category>();
expectTypeOf(diagnosis.code).toEqualTypeOf<string | undefined>();
// @ts-expect-error it is read only
diagnosis.disposition = "transient";

// A decision is told apart by its kind.
expectTypeOf(decide).returns.toEqualTypeOf<Decision>();
expectTypeOf(decide).parameter(0).toEqualTypeOf<Diagnosis>();
expectTypeOf<Decision["reason"]>().toBeString();

// An operation gives what its function gives.
expectTypeOf(retryOperation(() => Promise.resolve(7))).toEqualTypeOf<Promise<number>>();
// @ts-expect-error a function, not a promise that already runs
void retryOperation(Promise.resolve(7));

// Rules of one's own: what they must have, and only what they may have.
const rule = {
  id: "NightlyFreeze",
  code: "RequestDisallowedByPolicy",
  disposition: "permanent",
  explanation: "Nothing is created at night.",
  steps: ["Come back at eight."],
} as const;
expectTypeOf(defineCatalog([rule])).toEqualTypeOf<Catalog>();
expectTypeOf(defineCatalog({ rules: [rule], families: [] })).toEqualTypeOf<Catalog>();
// @ts-expect-error no such disposition
defineCatalog([{ ...rule, disposition: "hopeless" }]);
// @ts-expect-error no such field
defineCatalog([{ ...rule, advice: "Sleep." }]);
// @ts-expect-error steps are needed
defineCatalog([{ id: "A", code: "A", disposition: "permanent", explanation: "It is so." }]);
