/**
 * How long operations on a virtual machine take, for who waits for one. Nobody documents usual times. Those of creates and
 * deletes were read off logs that users of Terraform have published (November 2026): 16 creates took 13 s to 113 s, half of them
 * less than 53 s; 6 deletes took 20 s to 85 s. The limits are documented: the platform gives a guest twice 20 minutes to come up
 * (cloud-init troubleshooting), an extension and a run command 90 minutes.
 */
export type MachineWork = "create" | "delete" | "start" | "stop" | "update" | "extension" | "runCommand";

/** Half a sentence; undefined where nothing is known. */
export const usualDurations = {
  create: "a create usually takes 15 s to 2 min, and 40 min if the guest does not respond",
  delete: "a delete usually takes 20 s to 90 s",
  start: undefined,
  stop: undefined,
  update: undefined,
  extension: "an extension has 90 min",
  runCommand: "a run command has 90 min",
} as const satisfies Readonly<Record<MachineWork, string | undefined>>;
