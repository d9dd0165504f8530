/**
 * State that all copies of this package in one process share. A program may load two: the ES module and the CommonJS build,
 * or one version below each of two dependencies. They send to the same Azure, so they must agree on what it has throttled
 * and where it has no capacity.
 *
 * Copies find shared state by a registered symbol. The symbol carries the version of the format: a copy that expects
 * another format looks under another symbol, so it never misreads what it finds.
 */

/** @param format raise it when another version of this package could misread the value */
export const processWideSymbol = (name: string, format: number): symbol => Symbol.for(`azure-remedy/${name}@${format}`);

/** The value that the first copy created. If the global object is frozen, every caller gets its own. */
export function processWide<Value extends object>(name: string, format: number, create: () => Value): Value {
  const key = processWideSymbol(name, format);
  const known = (globalThis as Readonly<Record<symbol, Value | undefined>>)[key];
  if (known !== undefined) return known;
  const value = create();
  Reflect.defineProperty(globalThis, key, { value, configurable: true });
  return value;
}
