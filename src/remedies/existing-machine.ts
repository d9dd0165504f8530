/** Whether a machine (or scale set) is there, and whether this very call made it. */
import type { RemedyContext } from "./remedy.js";

export interface MachineDocument {
  readonly properties?: {
    readonly provisioningState?: string;
    /** Of a machine. */
    readonly vmId?: string;
    /** Of a scale set. */
    readonly uniqueId?: string;
  };
}

/** What is there; undefined when nothing is. Rejects when that cannot be known. */
export async function machineAt(send: RemedyContext["send"], url: string): Promise<MachineDocument | undefined> {
  try {
    const { body } = await send({ method: "GET", url });
    return body ?? {};
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/**
 * Nothing brings a deleted machine back: it must have failed, and be the one, by its id, that the service said it created for this very
 * call.
 *
 * @param created the body by which the service said so
 */
export function isFailedCreate({ properties = {} }: MachineDocument, created: unknown): boolean {
  const { vmId, uniqueId, provisioningState } = properties;
  const ours = (created as MachineDocument | undefined)?.properties;
  const isSame = (vmId !== undefined && vmId === ours?.vmId) || (uniqueId !== undefined && uniqueId === ours?.uniqueId);
  return provisioningState === "Failed" && isSame;
}
