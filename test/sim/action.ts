import type { Random } from './random.js';

/** One thing that a world does. Three free numbers say how; what they mean depends on the kind. */
export interface Action<K extends string> {
  readonly at: number;
  readonly kind: K;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Makes actions whose free numbers are drawn. */
export function drawing<K extends string>(random: Random): (at: number, kind: K) => Action<K> {
  const number = () => random.between(0, 0xffff);
  return (at, kind) => ({ at, kind, a: number(), b: number(), c: number() });
}
