/** `azure-remedy/zh`: explanations and steps in Chinese (Simplified). */
import { defineLanguage } from "./catalog/define-language.js";
import type { Language } from "./catalog/diagnosis.js";
import { zhTexts } from "./catalog/zh.generated.js";

/**
 * For `diagnose(input, { language: zh })`: the rules of the two documents on VM errors in Chinese, with the product's
 * own terms. Other rules stay in English, and commands are the same in both.
 */
export const zh: Language = defineLanguage(zhTexts);

export type { Language } from "./catalog/diagnosis.js";
