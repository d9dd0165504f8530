/** What goes over the wire: the parsed request, and the reply to be written. */
import type { IncomingHttpHeaders } from "node:http";
import type { JsonObject } from "./json.js";

export interface ArmRequest {
  /** In upper case. */
  readonly method: string;
  /**
   * As the caller addressed it: `https://management.azure.com/...` if the call came through the emulator's client
   * policy, `http://127.0.0.1:...` if it came directly. Operation URLs are returned with the same origin.
   */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; undefined without a body or if the body is not a JSON object. */
  readonly body: JsonObject | undefined;
  /** `http://127.0.0.1:PORT`, whatever host the caller used. */
  readonly endpoint: string;
  /** Why the body was not read. */
  readonly malformed: "not an object" | "too deep" | "too large" | undefined;
}

export type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

export interface Reply {
  readonly status: number;
  readonly headers?: HeaderValues;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, instead of `body`, without the headers of Resource Manager: a gateway responded, not ARM. */
  readonly page?: { readonly contentType: string; readonly content: string | Buffer };
}

/** An error that ARM or a resource provider returns, thrown by handlers. */
export class ArmError extends Error {
  override readonly name = "ArmError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: {
      readonly target?: string;
      readonly details?: readonly JsonObject[];
      readonly additionalInfo?: readonly JsonObject[];
      readonly headers?: HeaderValues;
    } = {},
  ) {
    super(message);
  }

  get reply(): Reply {
    const { target, details, additionalInfo, headers } = this.extra;
    const error = {
      code: this.code,
      message: this.message,
      ...(target && { target }),
      ...(details && { details }),
      ...(additionalInfo && { additionalInfo }),
    };
    return { status: this.status, body: { error }, ...(headers && { headers }) };
  }
}

/** Compute's response to a call that the state of the resource rules out. */
export function notAllowed(message: string): ArmError {
  return new ArmError(409, "OperationNotAllowed", message);
}

/** One header of the request; the first if it was sent several times. */
export function headerOf(request: Pick<ArmRequest, "headers">, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
