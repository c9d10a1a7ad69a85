/** The prototypes of the iterators of maps, sets and arrays. */
const iterators: readonly { next: () => unknown }[] = [new Map(), new Set(), []].map((collection) =>
  Object.getPrototypeOf(collection[Symbol.iterator]()),
);
/** The methods that call back for each element. */
const methods = [
  [Map.prototype, ['forEach']],
  [Set.prototype, ['forEach']],
  [Array.prototype, ['forEach', 'map', 'filter', 'find', 'findIndex', 'some', 'every', 'reduce', 'flatMap']],
] as const;

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The number of elements that code visits while `work` runs: the steps of iterators, and the lengths of the collections
 * whose methods visit elements.
 */
export function countSteps(work: () => void): number {
  let steps = 0;
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, count: (self: unknown) => number) => {
    const own = owner as Record<string, AnyMethod>;
    const original = own[name] as AnyMethod;
    own[name] = function (this: unknown, ...args) {
      steps += count(this);
      return original.apply(this, args);
    };
    restore.push(() => {
      own[name] = original;
    });
  };
  for (const iterator of iterators) replace(iterator, 'next', () => 1);
  for (const [owner, names] of methods) for (const name of names) replace(owner, name, sizeOf);
  try {
    work();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return steps;
}

function sizeOf(collection: unknown): number {
  const { size, length } = collection as { readonly size?: number; readonly length?: number };
  return size ?? length ?? 0;
}
