/** A queue that always gives the least element first. Elements that are no longer wanted are left where they are and skipped. */
export class Heap<Element> {
  readonly #elements: Element[] = [];

  /** @param before whether the first element comes out before the second; must be a total order */
  constructor(private readonly before: (one: Element, other: Element) => boolean) {}

  get size(): number {
    return this.#elements.length;
  }

  peek(): Element | undefined {
    return this.#elements[0];
  }

  push(element: Element): void {
    const elements = this.#elements;
    let place = elements.length;
    elements.push(element);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = elements[parent] as Element;
      if (!this.before(element, above)) break;
      elements[place] = above;
      place = parent;
    }
    elements[place] = element;
  }

  pop(): Element | undefined {
    const elements = this.#elements;
    const first = elements[0];
    const last = elements.pop();
    if (last !== undefined && elements.length > 0) this.#sink(last);
    return first;
  }

  *[Symbol.iterator](): Iterator<Element> {
    yield* this.#elements;
  }

  /** Puts an element in at the top and lets it down to its place. */
  #sink(element: Element): void {
    const elements = this.#elements;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= elements.length) break;
      if (child + 1 < elements.length && this.before(elements[child + 1] as Element, elements[child] as Element))
        child++;
      const below = elements[child] as Element;
      if (!this.before(below, element)) break;
      elements[place] = below;
      place = child;
    }
    elements[place] = element;
  }
}
