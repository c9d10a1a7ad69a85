/**
 * Removes prototypes at any depth from results or from proto-loader's objects, so that a strict comparison with
 * literals compares only the content.
 */
export function withoutPrototypes<T>(value: T): T;
export function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, withoutPrototypes(item)]));
  if (typeof value !== 'object' || value === null || isWhole(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPrototypes(item)]));
}

function isWhole(value: object): boolean {
  return [Uint8Array, Set, Error].some((kind) => value instanceof kind);
}
