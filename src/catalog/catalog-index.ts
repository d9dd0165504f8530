/**
 * Looks up all layers of a catalog. What each layer knows about a code is kept together after the first look-up, and
 * layers that know nothing are skipped: own rules cost a failure next to nothing, however many there are.
 */
import { generationOfLayers, type Catalog, type CatalogLayer, type CodeEntry } from "./catalog.js";
import type { FamilyIndex } from "./families.js";
import type { TemplateIndex } from "./templates.js";

const indexes = new WeakMap<Catalog, CatalogIndex>();

export function indexOfCatalog(catalog: Catalog): CatalogIndex {
  let index = indexes.get(catalog);
  if (index?.generation !== generationOfLayers()) indexes.set(catalog, (index = new CatalogIndex(catalog.layers)));
  return index;
}

export class CatalogIndex {
  readonly generation = generationOfLayers();
  readonly #layers: readonly CatalogLayer[];
  /**
   * By the spelling of the first layer that knows the code: spellings that occur only in failures would fill it without
   * end.
   */
  readonly #entries = new Map<string, readonly CodeEntry[]>();
  #templates: readonly TemplateIndex[] | undefined;
  #families: readonly FamilyIndex[] | undefined;
  #refinements: readonly FamilyIndex[] | undefined;

  constructor(layers: readonly CatalogLayer[]) {
    this.#layers = layers;
  }

  /**
   * What the layers know about a code, in order. A layer whose rule for the code has no message covers all messages, so
   * later layers are left out.
   */
  entries(code: string): readonly CodeEntry[] {
    const known = this.#entries.get(code);
    if (known) return known;
    const entries: CodeEntry[] = [];
    for (const layer of this.#layers) {
      const entry = entryOf(layer, code);
      if (!entry) continue;
      entries.push(entry);
      if (entry.fallback && entry.fallback.message === undefined) break;
    }
    if (entries[0]?.code === code) this.#entries.set(code, entries);
    return entries;
  }

  /** Every template of each layer, for messages under another code than documented. */
  get templates(): readonly TemplateIndex[] {
    return (this.#templates ??= this.#layers.map((layer) => layer.allTemplates).filter(({ size }) => size > 0));
  }

  /** Needed only for failures that a refining family can say more about: created when the first of them comes. */
  get refinements(): readonly FamilyIndex[] {
    return (this.#refinements ??= this.#layers
      .filter(({ families }) => families.some(({ refines }) => refines !== undefined))
      .map((layer) => layer.refiningIndex));
  }

  get families(): readonly FamilyIndex[] {
    return (this.#families ??= this.#layers
      .filter(({ families }) => families.length > 0)
      .map((layer) => layer.familyIndex));
  }
}

/** `Bad request` and `TOO_MANY_REQUESTS` are `BadRequest` and `TooManyRequests`, if they are unknown as written. */
function entryOf(layer: CatalogLayer, code: string): CodeEntry | undefined {
  return layer.entry(code) ?? (/[ _-]/.test(code) ? layer.entry(code.replaceAll(/[ _-]/g, "")) : undefined);
}
