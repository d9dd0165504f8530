/**
 * Which queue may go next. A blocked queue is kept with the one thing that blocks it longest, most often a bucket, and
 * is not checked again before that opens. So the cost of a request does not grow with the number of waiting queues:
 * hundreds of kinds that wait for one bucket are one entry with one time, with the best of them on top.
 */
import { LazyHeap } from "./lazy-heap.js";
import type { Waiter } from "./waiter.js";

/** What blocks requests: a bucket, or the pace of polls. */
export interface Blocker {
  /**
   * Epoch milliseconds at which it lets the next one go: `now` or earlier for at once, Infinity for after the next
   * response.
   */
  opensAt(now: number): number;
}

export interface BlockableQueue {
  /** The next to be admitted; undefined if the queue is empty. */
  headAt(now: number): Waiter | undefined;
  /** What blocks the head longest; undefined if it may go. */
  blockerAt(now: number): Blocker | undefined;
}

/** A queue among those that one blocker blocks, in the order of their heads. */
interface Entry {
  readonly queue: BlockableQueue;
  readonly head: Waiter;
  readonly group: Group;
}

class Group {
  readonly entries: LazyHeap<Entry>;
  /** Its current place in the order of opening. */
  time: Time | undefined;

  constructor(
    readonly blocker: Blocker,
    isCurrent: (entry: Entry) => boolean,
  ) {
    this.entries = new LazyHeap((one, other) => one.head.isBefore(other.head), isCurrent);
  }
}

interface Time {
  readonly group: Group;
  readonly at: number;
}

/** A group whose blocker is open, with its head when it was checked. */
interface Open {
  readonly group: Group;
  readonly head: Waiter;
}

/** Blocks nothing: for queues that have not been checked yet. */
const unknown: Blocker = { opensAt: (now) => now };

export class Openings {
  readonly #groups = new Map<Blocker, Group>();
  readonly #entries = new Map<BlockableQueue, Entry>();
  readonly #times = new LazyHeap<Time>(
    (one, other) => one.at < other.at,
    (time) => time.group.time === time,
  );
  readonly #changed = new Set<Group>();

  /** A queue has a new head, or other blockers than before. */
  update(queue: BlockableQueue, now: number): void {
    const head = queue.headAt(now);
    const entry = this.#entries.get(queue);
    if (entry === undefined) {
      if (head) this.#put(queue, head, this.#groupOf(unknown));
    } else if (head === undefined) this.#drop(entry);
    else if (entry.head !== head) this.#put(queue, head, entry.group);
  }

  /** A queue may have another blocker than before. */
  reconsider(queue: BlockableQueue): void {
    const entry = this.#entries.get(queue);
    if (entry) this.#put(queue, entry.head, this.#groupOf(unknown));
  }

  /** A blocker may open earlier than before. */
  changed(blocker: Blocker): void {
    const group = this.#groups.get(blocker);
    if (group) this.#changed.add(group);
  }

  /** Any blocker may open earlier than before. */
  allChanged(): void {
    for (const group of this.#groups.values()) this.#changed.add(group);
  }

  /**
   * Serves the queues that may go, in the order of their heads, until none may.
   * @param serve takes the head out of the queue
   * @returns when the first blocker opens
   */
  serveAll(now: number, serve: (head: Waiter) => void): number {
    const open = new LazyHeap<Open>((one, other) => one.head.isBefore(other.head));
    const look = (group: Group): void => {
      const first = group.entries.peek();
      if (first === undefined) {
        // Another group may have taken its place since.
        if (this.#groups.get(group.blocker) === group) this.#groups.delete(group.blocker);
        this.#setTime(group, Infinity);
        return;
      }
      const at = group.blocker.opensAt(now);
      if (at <= now) open.push({ group, head: first.head });
      this.#setTime(group, at <= now ? Infinity : at);
    };
    for (let time = this.#times.peek(); time && time.at <= now; time = this.#times.peek()) {
      this.#changed.add(time.group);
      this.#setTime(time.group, Infinity);
    }
    for (;;) {
      for (const group of this.#changed) look(group);
      this.#changed.clear();
      const next = open.pop();
      if (next === undefined) return this.#times.peek()?.at ?? Infinity;
      const { group } = next;
      this.#serveOne(group, now, serve);
      this.#changed.add(group);
    }
  }

  #serveOne(group: Group, now: number, serve: (head: Waiter) => void): void {
    const entry = group.entries.peek();
    if (entry === undefined) return;
    const { queue } = entry;
    const head = queue.headAt(now);
    const blocker = head && queue.blockerAt(now);
    if (head === undefined) this.#drop(entry);
    else if (blocker) this.#put(queue, head, this.#groupOf(blocker));
    else {
      serve(head);
      this.update(queue, now);
    }
  }

  #put(queue: BlockableQueue, head: Waiter, group: Group): void {
    const before = this.#entries.get(queue);
    const entry = { queue, head, group };
    this.#entries.set(queue, entry);
    before?.group.entries.dropped();
    group.entries.push(entry);
    this.#groups.set(group.blocker, group);
    this.#changed.add(group);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.queue);
    entry.group.entries.dropped();
    this.#changed.add(entry.group);
  }

  #groupOf(blocker: Blocker): Group {
    let group = this.#groups.get(blocker);
    if (group === undefined) {
      group = new Group(blocker, (entry) => this.#entries.get(entry.queue) === entry);
      this.#groups.set(blocker, group);
    }
    return group;
  }

  #setTime(group: Group, at: number): void {
    if (group.time?.at === at) return;
    if (group.time) {
      group.time = undefined;
      this.#times.dropped();
    }
    if (at === Infinity) return;
    group.time = { group, at };
    this.#times.push(group.time);
  }
}
