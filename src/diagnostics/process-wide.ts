/** A value that all copies of this package in a process share, made by the first that asks for it. */
export function processWide<T extends object>(name: string, make: () => T): T {
  const values = globalThis as unknown as Record<symbol, T | undefined>;
  const key = Symbol.for(`@org/etcd-naming/${name}`);
  values[key] ??= make();
  return values[key];
}
