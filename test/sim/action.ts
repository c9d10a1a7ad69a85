import type { Random } from './random.js';

/** One action on a simulated world. The meaning of the three numbers depends on the kind. */
export interface Action<K extends string> {
  readonly at: number;
  readonly kind: K;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Returns a function that makes actions with random numbers. */
export function randomAction<K extends string>(random: Random): (at: number, kind: K) => Action<K> {
  const number = () => random.between(0, 0xffff);
  return (at, kind) => ({ at, kind, a: number(), b: number(), c: number() });
}
