/** The retry allowance that all calls of a client share, over many calls. */
import type { RemedyOptions } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { answer, get, stubPipeline } from "../support/stub.js";

const second = 1_000;
const options: RemedyOptions = { circuitBreaker: false, maxRetries: 4 };

/** A service that answers as `status` says, and counts what reaches it. */
class Service {
  sends = 0;
  readonly #pipeline = stubPipeline((request) => {
    this.sends += 1;
    return answer(request, this.status(this.sends), "", this.headers);
  }, options);

  constructor(
    public status: (send: number) => number,
    private readonly headers: Record<string, string> = {},
  ) {}

  get clock() {
    return this.#pipeline.clock;
  }

  call = () => this.#pipeline.send(get());
  fail = () => remedyErrorOf(this.call());
  many = <T>(count: number, call: () => Promise<T>): Promise<T[]> =>
    this.clock.run(Promise.all(Array.from({ length: count }, call)));
}

describe("the retry allowance", () => {
  it("lets single failures be retried as often as the budget says", async () => {
    const flaky = new Service((send) => (send % 5 === 0 ? 200 : 503));
    for (let call = 0; call < 30; call++) await flaky.clock.run(flaky.call());
    expect(flaky.sends).toBe(5 * 30);
  });

  it("lets a general outage be multiplied hardly at all, and says so", async () => {
    const down = new Service(() => 503);
    const errors = await down.many(400, down.fail);
    // Four hundred calls, one hundred retries from the allowance, and one more for each second: not four for each call.
    expect(down.sends).toBeGreaterThanOrEqual(500);
    expect(down.sends).toBeLessThanOrEqual(500 + down.clock.elapsedMs() / second);
    const refused = errors.filter(({ reason }) => reason.includes("the shared retry allowance is used up"));
    expect(refused.length).toBeGreaterThan(300);
    for (const error of refused) expect(error.retryAfterMs).toBeGreaterThan(0);
  });

  it("is not charged for throttling: every call waits its turn", async () => {
    const throttled = new Service((send) => (send <= 600 ? 429 : 200), { "retry-after": "2" });
    await throttled.many(300, throttled.call);
    expect(throttled.sends).toBe(900);
  });

  it("comes back with time", async () => {
    const service = new Service(() => 503);
    await service.many(400, service.fail);
    await service.clock.run(service.clock.sleep(60 * second));
    service.sends = 0;
    service.status = (send) => (send <= 4 ? 503 : 200);
    await service.clock.run(service.call());
    expect(service.sends).toBe(5);
  });

  it("comes back with good answers, one retry for ten of them", async () => {
    const service = new Service(() => 503);
    await service.many(400, service.fail);
    service.status = () => 200;
    await service.many(40, service.call);
    service.status = () => 503;
    service.sends = 0;
    await service.many(100, service.fail);
    expect(service.sends).toBeGreaterThanOrEqual(104);
    expect(service.sends).toBeLessThan(120);
  });

  it("belongs to one client: another's outage takes nothing from it", async () => {
    const down = new Service(() => 503);
    await down.many(400, down.fail);
    const other = new Service((send) => (send <= 4 ? 503 : 200));
    await other.clock.run(other.call());
    expect(other.sends).toBe(5);
  });
});
