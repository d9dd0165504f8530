/**
 * Finds the template of a message in two ways: exactly, by the message's first and last characters, which costs the
 * same however many templates there are; and by words, for changed wording.
 */
import { FuzzyIndex, mayFit, missableShare, type Acceptance } from "./fuzzy-match.js";
import { headKey, noEnd, tailKey, type Message } from "./message.js";
import { compileTemplate, readExactly, type Match, type Template } from "./template.js";
import type { Rule } from "./rule.js";

const ideograph = /[\u4e00-\u9fff]/;

/** This few templates are compared faster than looked up. */
const fewTemplates = 3;

/** Copying the pieces of so many rules would be most of what the first unknown wording costs. */
const fewRules = 64;

/**
 * The words of all templates are indexed after this many messages were not found: indexing costs as much as twenty
 * scans, and most processes never need that many.
 */
const mostScans = 8;

export class TemplateIndex {
  readonly #templates: Template[] = [];
  /**
   * By the characters at both ends of the template. Templates that collide share a bucket and are compared one by one.
   */
  readonly #byEnds = new Map<number, Template[]>();
  /** Whether any template starts or ends with a placeholder. */
  #anyOpenHead = false;
  #anyOpenTail = false;
  readonly #acceptance: Acceptance;
  /** Words are indexed only when a message was not found exactly: most processes never need it. */
  #fuzzy: FuzzyIndex | undefined;
  #chinese: FuzzyIndex | undefined;
  /** How many messages were compared with all templates because their words are not indexed yet. */
  #scans = 0;

  /** @param acceptance what makes a close fit good enough */
  constructor(rules: readonly Rule[], acceptance: Acceptance) {
    this.#acceptance = acceptance;
    for (const rule of rules) {
      for (const text of [rule.message, rule.messageZh]) {
        if (text !== undefined) this.#templates.push(compileTemplate(rule, text, rules.length <= fewRules));
      }
    }
    // "Blob {0} for disk '{1}' …" also fits "Blob {0} …", with too long a value: of two that fit, the more literal one
    // is tried first.
    const lengths = new Map(this.#templates.map((template) => [template, literalLength(template)]));
    this.#templates.sort((left, right) => (lengths.get(right) ?? 0) - (lengths.get(left) ?? 0));
    for (const template of this.#templates) this.#addByEnds(template);
  }

  #addByEnds(template: Template): void {
    const { literals } = template;
    const head = headKey(literals[0] ?? "");
    const tail = tailKey(literals[literals.length - 1] ?? "");
    this.#anyOpenHead ||= head === noEnd;
    this.#anyOpenTail ||= tail === noEnd;
    const key = endsKey(head, tail);
    const bucket = this.#byEnds.get(key);
    if (bucket) bucket.push(template);
    else this.#byEnds.set(key, [template]);
  }

  get size(): number {
    return this.#templates.length;
  }

  findExactly(message: Message): Match | undefined {
    if (this.#templates.length <= fewTemplates) return readFirst(this.#templates, message.text);
    const { head, tail, text } = message;
    const open = this.#anyOpenHead;
    return (
      this.#readWith(head, tail, text) ??
      (this.#anyOpenTail ? this.#readWith(head, noEnd, text) : undefined) ??
      (open ? this.#readWith(noEnd, tail, text) : undefined) ??
      (open && this.#anyOpenTail ? this.#readWith(noEnd, noEnd, text) : undefined)
    );
  }

  #readWith(head: number, tail: number, text: string): Match | undefined {
    const bucket = this.#byEnds.get(endsKey(head, tail));
    return bucket && readFirst(bucket, text);
  }

  /** The template that fits best; undefined if none is accepted. */
  findClosely(message: Message): Match | undefined {
    const isChinese = ideograph.test(message.text);
    if (!isChinese && !this.#fuzzy && this.#templates.length > fewRules && this.#scans < mostScans) {
      this.#scans += 1;
      const missable = missableShare(this.#acceptance, this.#templates.length);
      if (!this.#templates.some((template) => mayFit(template, message, this.#acceptance, missable))) return undefined;
    }
    const index = isChinese ? (this.#chinese ??= this.#indexOf(isChinese)) : (this.#fuzzy ??= this.#indexOf(isChinese));
    return index.find(message);
  }

  /** Chinese and other messages have no words in common, so each has its own index. */
  #indexOf(isChinese: boolean): FuzzyIndex {
    const templates = this.#templates.filter(
      ({ literals }) => literals.some((text) => ideograph.test(text)) === isChinese,
    );
    return new FuzzyIndex(templates, this.#acceptance);
  }
}

function literalLength({ literals }: Template): number {
  return literals.reduce((sum, literal) => sum + literal.length, 0);
}

function readFirst(templates: readonly Template[], text: string): Match | undefined {
  for (const template of templates) {
    const parameters = readExactly(template, text);
    if (parameters) return { rule: template.rule, parameters };
  }
  return undefined;
}

const endsKey = (head: number, tail: number): number => (Math.imul(head, 31) ^ tail) >>> 2;
