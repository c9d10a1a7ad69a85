/**
 * Results, or what proto-loader makes, without their prototypes at any depth, so that a strict comparison with literals
 * looks at content alone.
 */
export function plain<T>(value: T): T;
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
  if (typeof value !== 'object' || value === null || isWhole(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function isWhole(value: object): boolean {
  return [Uint8Array, Set, Error].some((kind) => value instanceof kind);
}
