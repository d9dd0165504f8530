/**
 * A priority queue, least element first. An unwanted element stays until it reaches the top or until most elements are
 * unwanted: removing one from the middle would cost every caller more than it saves.
 */
export class LazyHeap<Element> {
  #elements: Element[] = [];
  #unwanted = 0;

  /**
   * @param before whether the first element comes out before the second; must be a total order
   * @param isWanted false for an element to skip; once false, it stays false
   */
  constructor(
    private readonly before: (one: Element, other: Element) => boolean,
    private readonly isWanted: (element: Element) => boolean = () => true,
  ) {}

  /** The number of wanted elements, provided {@link dropped} was called for each unwanted one. */
  get size(): number {
    return this.#elements.length - this.#unwanted;
  }

  peek(): Element | undefined {
    let first = this.#elements[0];
    while (first !== undefined && !this.isWanted(first)) {
      this.#removeFirst();
      this.#unwanted = Math.max(0, this.#unwanted - 1);
      first = this.#elements[0];
    }
    return first;
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
    const first = this.peek();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  /** Call it when an element has become unwanted. */
  dropped(): void {
    this.#unwanted++;
    if (this.#unwanted < this.size + 64) return;
    const kept = [...this];
    this.#elements = [];
    this.#unwanted = 0;
    for (const element of kept) this.push(element);
  }

  /** The wanted elements, in no order. */
  *[Symbol.iterator](): Iterator<Element> {
    for (const element of this.#elements) if (this.isWanted(element)) yield element;
  }

  /** The last element takes the first place and moves down to where it belongs. */
  #removeFirst(): void {
    const elements = this.#elements;
    const element = elements.pop();
    if (element === undefined || elements.length === 0) return;
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
