/**
 * Failures that only the client sees (no DNS, no route, a bad certificate). The server gets no request for them, so the
 * client policy produces them and records them in the story.
 */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import type { Cloud } from "./exchange.js";
import type { BeforeSend } from "./client.js";
import { nameOf } from "./dispatch.js";
import type { Faults } from "./faults.js";
import { parseObject } from "./json.js";
import type { Router } from "./router.js";
import { observe, tokenOf, type Story } from "./story.js";
import type { TokenIssuer } from "./tokens.js";
import type { ArmRequest } from "./wire.js";

export interface ClientFailureParts {
  readonly cloud: Cloud;
  readonly router: Router;
  readonly faults: Faults;
  readonly story: Story;
  readonly tokens: TokenIssuer;
}

export function createClientFailures({ cloud, router, faults, story, tokens }: ClientFailureParts): BeforeSend {
  return (pipelineRequest) => {
    if (!faults.strikeClients) return undefined;
    const request = asArmRequest(pipelineRequest);
    const match = router.find(request.method, request.url.pathname);
    const name = match ? nameOf(match, cloud) : request.url.pathname;
    const observed = observe(request, name, tokens.verify(tokenOf(request)).principal);
    const context = { request: observed, params: match?.params ?? {}, path: request.url.pathname, cloud };
    const struck = faults.strikeUnsent(context, match?.route);
    if (!struck) return undefined;
    const exchange = story.open(observed, cloud.clock.now(), true);
    exchange.outcome = "failed to send";
    exchange.code = struck.code;
    return struck;
  };
}

function asArmRequest({ method, url, headers, body }: PipelineRequest): ArmRequest {
  return {
    method,
    url: new URL(url),
    headers: headers.toJSON(),
    body: typeof body === "string" ? parseObject(body) : undefined,
    endpoint: "",
    malformed: undefined,
  };
}
