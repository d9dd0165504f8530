/**
 * Advice names hosts of the public cloud. If a host in the failure's message or code shows another cloud, the advice
 * gets that cloud's hosts instead, and no links that exist only in the public cloud.
 */
import type { FailureChain } from "../failure/failure.js";
import type { RemedyAdvice } from "./diagnosis.js";

interface Cloud {
  /** Parts of hosts and names that occur only in this cloud. */
  readonly sign: RegExp;
  /** The counterpart of each host of the public cloud; a missing host has none. */
  readonly hosts: ReadonlyMap<string, string>;
}

/** Hosts of the public cloud that steps may name; links to the portal come from messages. */
const publicHosts = [
  "management.azure.com",
  "login.microsoftonline.com",
  "portal.azure.com",
  "azure.status.microsoft",
  "aka.ms/ProdportalCRP",
] as const;

/** From the endpoints that `az cloud list` prints; China's status page is that of its own operator. */
const clouds: readonly Cloud[] = [
  {
    sign: /usgovcloudapi\.net|microsoftonline\.us|portal\.azure\.us|AzureUSGovernment|\b(?:usgov|usdod)[a-z]+\b/i,
    hosts: new Map([
      ["management.azure.com", "management.usgovcloudapi.net"],
      ["login.microsoftonline.com", "login.microsoftonline.us"],
      ["portal.azure.com", "portal.azure.us"],
    ]),
  },
  {
    sign: /chinacloudapi\.cn|partner\.microsoftonline\.cn|\bazure\.cn|AzureChinaCloud|\bchina(?:north|east)\d?\b/i,
    hosts: new Map([
      ["management.azure.com", "management.chinacloudapi.cn"],
      ["login.microsoftonline.com", "login.partner.microsoftonline.cn"],
      ["portal.azure.com", "portal.azure.cn"],
      ["azure.status.microsoft", "status.azure.cn"],
    ]),
  },
  // Each Azure Stack has its own hosts.
  { sign: /azurestack/i, hosts: new Map() },
];

/** The advice for the cloud that the failure shows; unchanged if it shows none. */
export function fitToCloud(advice: RemedyAdvice, chain: FailureChain): RemedyAdvice {
  const cloud = clouds.find(({ sign }) =>
    chain.some(({ code = "", message }) => sign.test(message) || sign.test(code)),
  );
  if (!cloud) return advice;
  const steps = advice.steps.flatMap((step) => stepIn(cloud, step));
  return { ...advice, steps: steps.length > 0 ? steps : ["Look it up in the portal of your cloud."] };
}

export const namesPublicHost = (step: string): boolean => publicHosts.some((host) => step.includes(host));

/** None if the step needs a host that the cloud does not have. */
function stepIn({ hosts }: Cloud, step: string): readonly string[] {
  let fitted = step;
  for (const host of publicHosts) {
    if (!fitted.includes(host)) continue;
    const own = hosts.get(host);
    if (own === undefined) return [];
    fitted = fitted.replaceAll(host, own);
  }
  return [fitted];
}
