/**
 * The hosts that have answered in this process. A name that resolved before and does not now will resolve again; one that never
 * did is probably misspelt.
 */
import { processWide } from "../process-wide.js";
import { hostOf } from "./circuit-breaker.js";

/** A program talks to a few hosts; one that makes up names must not fill the memory. */
const mostHosts = 256;

/** The endpoints of Resource Manager in each cloud are spelt in the SDK. */
const managementHost = /^(?:[\w-]+\.)?management\.(?:azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)$/i;

export class AnsweredHosts {
  readonly #hosts = new Set<string>();
  /** Scheme and host of the request that answered last: nearly every request goes where the one before went. */
  #lastOrigin: string | undefined;

  /** @param url of a request that was answered, with whatever status */
  note(url: string): void {
    if (this.#lastOrigin !== undefined && url.startsWith(this.#lastOrigin)) return;
    const host = hostOf(url);
    if (host === "" || this.#hosts.size >= mostHosts) return;
    this.#hosts.add(host);
    this.#lastOrigin = `${url.slice(0, url.indexOf("://") + 3)}${host}/`;
  }

  /** Whether the host of the URL exists beyond doubt. */
  has(url: string): boolean {
    const host = hostOf(url);
    return this.#hosts.has(host) || managementHost.test(host);
  }
}

/** The one of the process. */
export const answeredHosts = (): AnsweredHosts => processWide("answered-hosts", 1, () => new AnsweredHosts());
