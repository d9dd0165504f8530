import { readFailure } from "../../src/failure/read.js";
import type { Failure } from "../../src/failure/failure.js";

/** An answer as a policy in the Retry phase sees it. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): object {
  return { status, headers, bodyAsText: typeof body === "string" ? body : JSON.stringify(body) };
}

/** The codes of the deciding chain, outermost first. */
export function codesOf(failure: Failure): (string | undefined)[] {
  return failure.chains[0].map(({ code }) => code);
}

/** The root of each chain, the deciding one first. */
export function rootsOf(failure: Failure): { code?: string; message: string; target?: string }[] {
  return failure.chains.map((chain) => chain[chain.length - 1] ?? { message: "no root" });
}

export function rootOf(input: unknown): { code?: string; message: string; target?: string } {
  return rootsOf(readFailure(input))[0] ?? { message: "no root" };
}
