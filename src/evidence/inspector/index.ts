/** VM Inspector: reads a machine's OS disk and returns its logs, without starting or stopping anything. */
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type Pipeline,
} from "@azure/core-rest-pipeline";
import { diagnose } from "../../diagnose.js";
import { check } from "../../option-check.js";
import { jsonOf } from "../../lro/json-body.js";
import { isRemedyError, RemedyError } from "../../recovery/remedy-error.js";
import { systemClock, type AbortSignalLike, type Clock } from "../../time/clock.js";
import type { Finding } from "../../recovery/evidence.js";
import { isOfInspector } from "../reads.js";
import type { Reply } from "./inspection-wire.js";
import { runInspection, type InspectionOptions, type InspectionRun } from "./run-inspection.js";

export type { InspectionOptions, UploadContainer } from "./run-inspection.js";
export { inspectorRegions } from "../../catalog/inspector-regions.js";

export interface Inspection {
  /** When the service began. */
  readonly createdAt: Date | undefined;
  /** Where the report lies, without the signature. */
  readonly report: string;
  /** Names of the files in it; undefined where it could not be read. */
  readonly files: readonly string[] | undefined;
  /** Known lines in the logs, or why the report could not be read. */
  readonly findings: readonly Finding[];
}

export interface InspectVmOptions extends InspectionOptions {
  /** Endpoint of Resource Manager. Default `https://management.azure.com`. */
  readonly endpoint?: string;
  readonly abortSignal?: AbortSignalLike;
  /** Replaces time, for tests. */
  readonly clock?: Clock;
}

/**
 * Runs VM Inspector for a machine and waits for its report. What the service would refuse is found before anything is asked
 * of it. The disk's logs are written to `upload`, and the run needs the rights that the service documents; nothing else is changed.
 *
 * ```ts
 * const { report, findings } = await inspectVm(compute, vm.id, { upload: sas });
 * ```
 * @param client any client with an Azure SDK pipeline, best one of `withRemedy`
 * @throws RemedyError with the service's code, also for what is found here; TypeError for a bad option
 */
export async function inspectVm(
  client: { readonly pipeline: Pipeline },
  vmId: string,
  options: InspectVmOptions,
): Promise<Inspection> {
  const { upload, endpoint = "https://management.azure.com", abortSignal, clock = systemClock } = options;
  check(
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/virtualMachines\/[^/]+$/i.test(
      vmId,
    ),
    "vmId",
    vmId,
    "the id of a virtual machine",
  );
  const isContainer = typeof (upload as { getBlobClient?: unknown } | undefined)?.getBlobClient === "function";
  check(
    typeof upload === "string" || isContainer,
    "upload",
    typeof upload === "string" ? "a link" : upload,
    "the SAS of a blob, or a container client",
  );
  const startedAt = clock.now();
  const http = createDefaultHttpClient();
  const fail = (error: unknown, reason: string): RemedyError =>
    new RemedyError({
      diagnosis: diagnose(error, { now: clock.now() }),
      attempts: [],
      elapsedMs: clock.now() - startedAt,
      reason,
      details: error,
    });

  const request = async (method: "GET" | "POST", url: string, body?: unknown): Promise<Reply> => {
    const headers = createHttpHeaders({
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    });
    const sent = createPipelineRequest({
      method,
      url,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (abortSignal) Object.assign(sent, { abortSignal });
    try {
      const response = await client.pipeline.sendRequest(http, sent);
      const answered = jsonOf(response);
      if (response.status >= 400 && response.status !== 404)
        throw fail(answered, `the service answered ${response.status}`);
      return { status: response.status, body: answered, header: (name) => response.headers.get(name) };
    } catch (error) {
      // A client of withRemedy throws what a plain one returns.
      if (!isRemedyError(error) || error.statusCode !== 404) throw error;
      return { status: 404, body: error.details, header: () => undefined };
    }
  };

  const run = await runInspection(vmId, options, {
    send: async (method, path, body) => {
      const reply = await request(method, endpoint + path, body);
      if (reply.status === 404 && !path.includes("/validateStorageConfiguration"))
        throw fail(reply.body, "the service answered 404");
      return reply;
    },
    poll: async (url) => {
      if (!isOfInspector(url, endpoint))
        throw fail(
          {
            error: {
              code: "UnexpectedHost",
              message: "The run would have to be followed at a host that does not belong to Compute.",
            },
          },
          "the token is not sent there",
        );
      return request("GET", url);
    },
    sleep: (ms) => clock.sleep(ms, abortSignal),
    now: () => clock.now(),
    fail,
  });
  const { createdAt, report, files } = run;
  return { createdAt, report, files, findings: findingsOf(run, new Date(clock.now())) };
}

function findingsOf({ matches, unread }: InspectionRun, at: Date): Finding[] {
  const source = "vmInspector";
  if (unread !== undefined) return [{ source, says: `could not look: ${unread}`, at, confidence: "none" }];
  return matches.map(({ file, line, signature: { id, explanation, confidence } }) => ({
    source,
    says: `${file} shows: ${explanation}`,
    at,
    confidence,
    data: { file, signature: id, line },
  }));
}
