// A Durable orchestrator: the activity tries and diagnoses, the orchestrator decides. decide() is pure, so a replay decides the same.
import { app, type InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { decide, isRemedyError, type Diagnosis } from "azure-remedy";
import { cloud } from "../cloud";

export type Outcome = { readonly done: true } | { readonly done: false; readonly diagnosis: Diagnosis };

/** One try, without waits of its own: waiting is what the orchestrator does at no cost. */
export async function tryToStart(name: string): Promise<Outcome> {
  const compute = cloud.compute({ maxRetries: 0, maxResubmissions: 0, maxElapsedMs: 1_000 });
  try {
    await compute.virtualMachines.start(cloud.resourceGroup, name);
    return { done: true };
  } catch (error) {
    if (!isRemedyError(error)) throw error;
    return { done: false, diagnosis: error.diagnosis };
  }
}

const dayMs = 86_400_000;

export function* startReliably(context: df.OrchestrationContext): Generator<df.Task, string, unknown> {
  const name = context.df.getInput<string>();
  const startedAt = context.df.currentUtcDateTime.getTime();
  for (let attempt = 1; ; attempt++) {
    const outcome = (yield context.df.callActivity("tryToStart", name)) as Outcome;
    if (outcome.done) return `${name} is running`;
    const decision = decide(outcome.diagnosis, {
      method: "POST",
      url: `/virtualMachines/${name}/start`,
      attempt,
      retries: attempt - 1,
      elapsedMs: context.df.currentUtcDateTime.getTime() - startedAt,
      maxRetries: 20,
      maxElapsedMs: dayMs,
      readable: false,
      repeatable: true,
      remedies: [],
      allowance: true,
      random: 0.5,
    });
    if (decision.action !== "retry") return `${name} was given up: ${outcome.diagnosis.explanation}`;
    const at = new Date(context.df.currentUtcDateTime.getTime() + decision.delayMs);
    yield context.df.createTimer(at);
  }
}

df.app.activity("tryToStart", { handler: tryToStart });
df.app.orchestration("startReliably", startReliably);

app.http("startReliablyClient", {
  methods: ["POST"],
  route: "machines/{name}/orchestrations",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context: InvocationContext) => {
    const client = df.getClient(context);
    const instance = await client.startNew("startReliably", { input: request.params.name });
    return client.createCheckStatusResponse(request, instance);
  },
});
