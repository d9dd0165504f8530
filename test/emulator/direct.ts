/** Calls without any SDK, as curl would make them: `ask(arm, "PUT", vm("web-01"), { location: "westeurope" })`. */
import type { Emulator } from "azure-remedy/emulator";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; empty without a body. */
  readonly body: Body;
  /** `body.error`. */
  readonly error: { code?: string; message?: string; details?: Body[]; target?: string };
}
interface Body {
  readonly [key: string]: unknown;
  readonly status?: string;
  readonly properties?: Record<string, unknown>;
}

export async function ask(
  arm: Emulator,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const url = path.startsWith("http") ? path : `${arm.endpoint}${inSubscription(arm, path)}?api-version=2024-07-01`;
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text.startsWith("{") ? (JSON.parse(text) as Answer["body"]) : {};
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: parsed,
    error: parsed["error"] ?? {},
  };
}

/** Path of a VM of the resource group `rg`, below the subscription. */
export const vm = (name: string, more = ""): string => compute(`virtualMachines/${name}${more}`);
export const compute = (rest: string): string => `/resourceGroups/rg/providers/Microsoft.Compute/${rest}`;
export const network = (rest: string): string => `/resourceGroups/rg/providers/Microsoft.Network/${rest}`;

function inSubscription(arm: Emulator, path: string): string {
  return path.startsWith("/subscriptions") ? path : `/subscriptions/${arm.subscriptionId}${path}`;
}
