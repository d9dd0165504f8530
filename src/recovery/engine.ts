/** What the recoveries of one client share, created once with its policy. */
import type { HttpClient, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { RetryAllowance } from "../decision/allowance.js";
import { answeredHosts } from "./answered-hosts.js";
import { CallTracer } from "./call-tracer.js";
import { CircuitBreakers, hostOf } from "./circuit-breaker.js";
import { ErrorFactory } from "./error-factory.js";
import { Investigator } from "./investigator.js";
import { recentWorkOf, type RecentWork } from "./recent-work.js";
import { RemedyRunner } from "./remedy-runner.js";
import type { RequestEnd, RequestState } from "./request-state.js";
import { healthOf } from "./responses.js";
import { Sender, type SendOutcome, type Sent } from "./sender.js";
import type { Settings } from "./settings.js";
import { Tokens, type CredentialSource } from "./tokens.js";

/** Sends a request and recovers it until it ends. */
export type RunRequest = (engine: Engine, state: RequestState) => Promise<RequestEnd>;

export class Engine {
  readonly sender: Sender;
  readonly errors: ErrorFactory;
  readonly tokens: Tokens;
  readonly remedies: RemedyRunner;
  /** Limits the retries of all requests of the client together. */
  readonly allowance = new RetryAllowance();
  readonly hosts = answeredHosts();
  readonly recentWork: RecentWork;
  /** Whether the caller gets a failed response as it is, and no error. */
  declares: (request: PipelineRequest, response: PipelineResponse) => boolean | Promise<boolean> = () => true;
  /** Whether the caller has named sources of evidence. */
  readonly investigates: boolean;
  readonly investigator: Investigator;
  /** Undefined where nobody wants to know of the calls. */
  readonly calls: CallTracer | undefined;
  readonly #breakers: CircuitBreakers | undefined;

  /**
   * @param credentials where fresh tokens come from; undefined if the pipeline offers no way to get one
   * @param http the client's own, for requests outside its pipeline
   */
  constructor(
    readonly settings: Settings,
    credentials: CredentialSource | undefined,
    runRequest: RunRequest,
    http?: HttpClient,
  ) {
    const { circuitBreaker, clock, reporter } = settings;
    const run = (state: RequestState): Promise<RequestEnd> => runRequest(this, state);
    this.sender = new Sender(settings);
    this.recentWork = recentWorkOf(clock);
    this.errors = new ErrorFactory(settings);
    this.tokens = new Tokens(settings, credentials);
    this.remedies = new RemedyRunner(settings, this.tokens, this.errors, run);
    this.investigates = settings.evidence.length > 0;
    this.investigator = new Investigator(settings, http);
    this.calls = settings.telemetry && new CallTracer(settings);
    this.#breakers =
      circuitBreaker &&
      new CircuitBreakers(circuitBreaker, clock, (host, state) =>
        reporter.emit({ type: "circuit", at: clock.now(), host, state }),
      );
  }

  /** Nothing has failed lately, so a clean request need not be counted. */
  get quiet(): boolean {
    return this.#breakers?.quiet ?? true;
  }

  /**
   * Sends a request once, through the circuit breaker and the throttle. @throws AbortError if the caller aborts in the
   * queue
   */
  async attempt({ request, next, poll, maxQueueWaitMs, countedIn }: RequestState): Promise<SendOutcome> {
    const send = async (): Promise<SendOutcome> => {
      const outcome = await this.sender.send(request, next, poll !== undefined, maxQueueWaitMs);
      if (outcome.kind === "response") this.hosts.note(request.url);
      if (countedIn && outcome.kind !== "notAdmitted") countedIn.count += 1;
      return outcome;
    };
    if (!this.#breakers) return send();
    const outcome = await this.#breakers.run(hostOf(request.url), send, healthOf);
    return outcome ?? { kind: "circuitOpen", waitMs: this.#breakers.probeAfterMs };
  }

  /** Counts the result of a send that bypassed the circuit breaker. */
  async count(request: PipelineRequest, sent: Sent): Promise<void> {
    if (sent.kind === "response") this.hosts.note(request.url);
    await this.#breakers?.count(hostOf(request.url), healthOf(sent));
  }
}
