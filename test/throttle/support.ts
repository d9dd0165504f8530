/** Builders for stories about the throttle. Time is virtual, chance is seeded, nothing sleeps. */
import { createThrottle, type CreatedThrottle } from "../../src/throttle/local-throttle.js";
import type { ThrottleOptions } from "../../src/throttle/options.js";
import type { AdmissionOptions, Permit, ThrottledRequest, ThrottleReply } from "../../src/throttle/throttle.js";
import { seeded, VirtualTime } from "../../bench/throttle/virtual-time.js";

export const subscription = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const root = `https://management.azure.com/subscriptions/${subscription}`;
export const vmUrl = (name = "vm1"): string =>
  `${root}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/${name}?api-version=2024-07-01`;
export const nicUrl = (name = "nic1"): string =>
  `${root}/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/${name}?api-version=2024-05-01`;
export const operationUrl = (id = "op1"): string =>
  `${root}/providers/Microsoft.Compute/locations/westeurope/operations/${id}?api-version=2024-07-01`;

type Headers = Readonly<Record<string, string>>;

export function request(method: string, url: string, headers: Headers = {}): ThrottledRequest {
  return { method, url, headers: new Map(Object.entries(headers)) };
}

export function reply(status: number, headers: Headers = {}, more: Partial<ThrottleReply> = {}): ThrottleReply {
  return { status, headers: new Map(Object.entries(headers)), ...more };
}

export const writesLeft = (level: number): Headers => ({
  "x-ms-ratelimit-remaining-subscription-writes": String(level),
});
export const readsLeft = (level: number): Headers => ({ "x-ms-ratelimit-remaining-subscription-reads": String(level) });
export const groupsLeft = (joined: string): Headers => ({ "x-ms-ratelimit-remaining-resource": joined });

/** A throttle in a time of its own. */
export class Story {
  readonly time = new VirtualTime();
  readonly throttle: CreatedThrottle;

  constructor(options: ThrottleOptions = {}, seed = 1) {
    this.throttle = createThrottle({ clock: this.time, random: seeded(seed), ...options });
  }

  /** A permit that must come at once. */
  permit(asked: ThrottledRequest, options?: AdmissionOptions): Permit {
    const admitted = this.throttle.admit(asked, options);
    if (admitted instanceof Promise) throw new Error(`${asked.method} ${asked.url} has to wait`);
    return admitted;
  }

  /** One clean call, answered at once. */
  call(asked: ThrottledRequest, answer: ThrottleReply): void {
    this.permit(asked).settle(answer);
  }

  waits(asked: ThrottledRequest, options?: AdmissionOptions): boolean {
    const admitted = this.throttle.admit(asked, options);
    if (!(admitted instanceof Promise)) admitted.settle();
    else admitted.then((permit) => permit.settle()).catch(() => undefined);
    return admitted instanceof Promise;
  }

  /** Asks for a permit and notes what comes of it, and when. */
  ask(asked: ThrottledRequest, options?: AdmissionOptions): Asked {
    const noted: Asked = { state: "waiting", at: NaN, permit: undefined, error: undefined };
    Promise.resolve(this.throttle.admit(asked, options)).then(
      (permit) => Object.assign(noted, { state: "admitted", at: this.time.elapsed, permit }),
      (error: unknown) => Object.assign(noted, { state: "refused", at: this.time.elapsed, error }),
    );
    return noted;
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    let over = false;
    this.time.after(ms, () => (over = true));
    await this.time.run(() => over);
    await this.time.run(() => true);
  }
}

export interface Asked {
  readonly state: "waiting" | "admitted" | "refused";
  /** Milliseconds since the start of the story. */
  readonly at: number;
  readonly permit: Permit | undefined;
  readonly error: unknown;
}
