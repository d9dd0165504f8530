/**
 * cockatiel in the CommonJS build, where this replaces `cockatiel.ts` (see `scripts/bundle.ts`). That build bundles
 * cockatiel: from version 4 it is only an ES module, which Jest cannot `require()`.
 */
import * as cockatiel from "cockatiel";
import type { Cockatiel } from "./cockatiel.js";

export const loadCockatiel = (): Cockatiel => cockatiel;
