/** Two sides that are played the same wires: the SDK and ours, or two builds of ours. */
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { useCompute } from "./clients.js";
import { compare, compareBuilds, type Finding } from "./compare.js";
import { enterVirtualTime, sideOf, type Build, type Play } from "./play.js";
import { wireOf, type Wire } from "./wire.js";

export interface Round {
  readonly wire: Wire;
  readonly one: Play;
  readonly other: Play;
  readonly findings: readonly Finding[];
}

export interface Contest {
  readonly playWire: (wire: Wire) => Promise<Round>;
  readonly play: (seed: number) => Promise<Round>;
  readonly findings: (seed: number) => Promise<readonly Finding[]>;
}

export interface ContestOptions {
  /** A folder with another build of ours; default the SDK as it ships. */
  readonly against?: string | undefined;
  /** A folder into which another `@azure/arm-compute` is installed, to be played instead of 24. */
  readonly compute?: string | undefined;
}

export async function contest({ against, compute }: ContestOptions = {}): Promise<Contest> {
  if (compute !== undefined) {
    const require = createRequire(join(resolve(compute), "index.js"));
    useCompute(require("@azure/arm-compute") as Parameters<typeof useCompute>[0]);
  }
  const ours = (await import("azure-remedy")) as unknown as Build;
  const old =
    against === undefined
      ? undefined
      : ((await import(pathToFileURL(resolve(against, "index.js")).href)) as unknown as Build);
  enterVirtualTime();
  const [first, second] = [sideOf(old), sideOf(ours)];
  const playWire = async (wire: Wire): Promise<Round> => {
    const one = await first.play(wire);
    const other = await second.play(wire);
    return { wire, one, other, findings: old ? compareBuilds(one, other) : compare(wire, one, other) };
  };
  const play = (seed: number): Promise<Round> => playWire(wireOf(seed));
  return { playWire, play, findings: async (seed) => (await play(seed)).findings };
}
