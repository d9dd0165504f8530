/** Resource locks: inherited downwards, the strictest wins. */
import { isWithin } from "./request-scope.js";
import { ArmError } from "./wire.js";

export type LockLevel = "CanNotDelete" | "ReadOnly";

export interface Lock {
  readonly name: string;
  /** The id that it locks, with everything below. */
  readonly scope: string;
  readonly level: LockLevel;
  readonly notes: string | undefined;
}

export class Locks {
  readonly #locks = new Map<string, Lock>();

  get all(): readonly Lock[] {
    return [...this.#locks.values()];
  }

  find(id: string): Lock | undefined {
    return this.#locks.get(id.toLowerCase());
  }

  put(lock: Lock): void {
    this.#locks.set(idOfLock(lock).toLowerCase(), lock);
  }

  delete(id: string): boolean {
    return this.#locks.delete(id.toLowerCase());
  }

  /** Deleted resources have no locks. */
  deleteWithin(scope: string): void {
    for (const [id, lock] of this.#locks) if (isWithin(lock.scope, scope)) this.#locks.delete(id);
  }

  /**
   * Throws Resource Manager's response to a request that a lock forbids. A POST counts as a write, whatever it does.
   */
  check(method: string, scope: string): void {
    if (this.#locks.size === 0 || method === "GET" || method === "HEAD") return;
    const isDelete = method === "DELETE";
    const holding = this.all.filter((lock) => {
      if (isWithin(scope, lock.scope)) return isDelete || lock.level === "ReadOnly";
      // A resource with a locked part cannot be deleted.
      return isDelete && isWithin(lock.scope, scope);
    });
    if (holding.length === 0) return;
    const locked = [...new Set(holding.map((lock) => lock.scope))].join(",");
    throw new ArmError(
      409,
      "ScopeLocked",
      `The scope '${scope}' cannot perform ${isDelete ? "delete" : "write"} operation because following scope(s) are locked: '${locked}'. Please remove the lock and try again.`,
    );
  }
}

export function idOfLock({ scope, name }: Pick<Lock, "scope" | "name">): string {
  return `${scope}/providers/Microsoft.Authorization/locks/${name}`;
}
