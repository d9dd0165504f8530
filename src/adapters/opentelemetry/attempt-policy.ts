/** What the SDK's span of an attempt lacks: how often the request had been sent before, and what kind of error came of it. */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { trace, type Span } from "@opentelemetry/api";
import { standard } from "./names.js";

/** @param isOurs whether a span is one of a call: then the SDK makes none for the attempt */
export function attemptSpanPolicy(isOurs: (span: Span) => boolean): PipelinePolicy {
  const sends = new WeakMap<PipelineRequest, number>();

  function spanOf(request: PipelineRequest): Span | undefined {
    const before = sends.get(request) ?? 0;
    sends.set(request, before + 1);
    const span = trace.getActiveSpan();
    if (!span?.isRecording() || isOurs(span)) return undefined;
    if (before > 0) span.setAttribute(standard.resendCount, before);
    return span;
  }

  return {
    name: "attemptSpanPolicy",
    async sendRequest(request, next) {
      const span = quietly(() => spanOf(request));
      try {
        const response = await next(request);
        if (response.status >= 400) quietly(() => span?.setAttribute(standard.errorType, String(response.status)));
        return response;
      } catch (error) {
        quietly(() => span?.setAttribute(standard.errorType, errorTypeOf(error)));
        throw error;
      }
    },
  };
}

/** A system's code (`ECONNRESET`), else the name. */
export function errorTypeOf(error: unknown): string {
  const { code, name, statusCode, response } = (error ?? {}) as {
    code?: unknown;
    name?: unknown;
    statusCode?: unknown;
    response?: PipelineResponse;
  };
  const status = statusCode ?? response?.status;
  if (typeof code === "string" && code !== "") return code;
  if (typeof status === "number") return String(status);
  return typeof name === "string" && name !== "" ? name : "_OTHER";
}

/** A tracer of somebody's may throw; the attempt goes on. */
function quietly<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
