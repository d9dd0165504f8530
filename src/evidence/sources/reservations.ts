/** Whether the machine's capacity reservation or dedicated host has room for it. */
import { defineEvidence } from "../define-evidence.js";
import { at, itemsAt, numberAt, sameName, textAt } from "../document.js";
import { couldNotLook } from "../look.js";
import type { DefinedEvidence, Found, LookContext } from "../source.js";
import { sizeOf, zonesOf } from "../subject.js";

const version = { $expand: "instanceView", "api-version": "2024-07-01" } as const;

/** The reservation group or host that the request names. One request; no delay; Reader is enough. */
export function reservations(): DefinedEvidence {
  return defineEvidence({
    name: "reservations",
    requests: 1,
    fits: ({ category }, { body }) =>
      category === "capacity" && (groupOf(body) ?? hostOf(body) ?? hostGroupOf(body)) !== undefined,
    async look(context) {
      const { get, call } = context;
      const group = groupOf(call.body);
      if (group !== undefined) {
        const answer = await get(group, version);
        return answer.status === 404
          ? couldNotLook("the reservation group is not there")
          : inGroup(answer.body, context);
      }
      const host = hostOf(call.body);
      if (host !== undefined) return onHosts([(await get(host, version)).body], context);
      const hosts = await get(`${hostGroupOf(call.body) ?? ""}/hosts`, version);
      return onHosts(itemsAt(hosts.body, "value"), context);
    },
  });
}

const groupOf = (body: unknown): string | undefined =>
  textAt(body, "properties", "capacityReservation", "capacityReservationGroup", "id");
const hostOf = (body: unknown): string | undefined => textAt(body, "properties", "host", "id");
const hostGroupOf = (body: unknown): string | undefined => textAt(body, "properties", "hostGroup", "id");

function inGroup(group: unknown, { call, diagnosis }: LookContext): Found[] {
  const size = sizeOf(call, diagnosis.message);
  const zones = zonesOf(call);
  const states = itemsAt(group, "properties", "instanceView", "capacityReservations").map((reservation) => ({
    name: textAt(reservation, "name") ?? "",
    capacity: numberAt(reservation, "utilizationInfo", "currentCapacity") ?? 0,
    used: itemsAt(reservation, "utilizationInfo", "virtualMachinesAllocated").length,
  }));
  if (states.length === 0) return [{ says: "The reservation group has no reservation.", confidence: "high" }];
  const wanted = `${size ?? "the size"}${zones.length > 0 ? ` in zone ${zones.join(", ")}` : ""}`;
  return states.map(({ name, capacity, used }) => {
    const full = used >= capacity;
    return {
      says: full
        ? `Reservation ${name} is full: ${used} of ${capacity} machines; more of them meet ordinary capacity.`
        : `Reservation ${name} has room (${used} of ${capacity}), so it must be for another size or zone than ${wanted}.`,
      confidence: full ? "high" : "medium",
      data: { reservation: name, capacity, used },
      ...(full && {
        means: {
          explanation: `Capacity reservation ${name} is full: ${used} of ${capacity} machines.`,
          steps: [
            "Raise the capacity of the reservation, or free one of its machines.",
            "Or create the VM outside the reservation.",
          ],
        },
      }),
    };
  });
}

function onHosts(hosts: readonly unknown[], { call, diagnosis }: LookContext): Found[] {
  const size = sizeOf(call, diagnosis.message);
  return hosts.map((host) => {
    const rooms = itemsAt(at(host, "properties", "instanceView", "availableCapacity"), "allocatableVMs");
    const count = rooms
      .filter((room) => sameName(textAt(room, "vmSize"), size))
      .reduce<number>((sum, room) => sum + (numberAt(room, "count") ?? 0), 0);
    const name = textAt(host, "name") ?? "";
    return {
      says: `Host ${name} has room for ${count} more of ${size ?? "that size"}.`,
      confidence: count < 1 ? "high" : "low",
      data: { host: name, allocatable: rooms },
      ...(count < 1 && {
        means: {
          explanation: `Dedicated host ${name} has no room for ${size ?? "that size"}.`,
          steps: [
            "Use another host of the group, or a smaller size.",
            "Or let Azure place the VM: hostGroup in place of host.",
          ],
        },
      }),
    };
  });
}
