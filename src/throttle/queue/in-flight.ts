/** Permits not yet settled, in order of sending. A linked list, since a set costs every call more. */

export interface Link<Element> {
  before: Element | undefined;
  after: Element | undefined;
}

export class InFlight<Element extends Link<Element>> {
  size = 0;
  #first: Element | undefined;
  #last: Element | undefined;

  /** The one sent first. */
  get first(): Element | undefined {
    return this.#first;
  }

  add(element: Element): void {
    element.before = this.#last;
    if (this.#last === undefined) this.#first = element;
    else this.#last.after = element;
    this.#last = element;
    this.size++;
  }

  /** Removes an element that was added, once. */
  remove(element: Element): void {
    const { before, after } = element;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    element.before = undefined;
    element.after = undefined;
    this.size--;
  }
}
