/**
 * cockatiel in the CommonJS build, which takes the place of `cockatiel.ts` there (see `scripts/bundle.ts`). That build
 * carries cockatiel inside: from version 4 it is an ES module alone, which Jest cannot `require()`.
 */
import * as cockatiel from "cockatiel";
import type { Cockatiel } from "./cockatiel.js";

export const loadCockatiel = (): Cockatiel => cockatiel;
