import { type Action as ActionOf, randomAction } from '../action.js';
import { Random } from '../random.js';

/** All faults, and what persons do to keys and leases. */
export const faultKinds = [
  'refuse',
  'lose-requests',
  'lose-answers',
  'late-writes',
  'stall',
  'cut',
  'compact',
  'outage',
  'no-space',
  'forbid',
  'wipe',
  'restore',
  'pause',
  'kill',
  'lease-revoked',
  'key-deleted',
  'key-replaced',
  'key-touched',
  'stray-key',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const clientKinds = ['lock', 'try-lock', 'release', 'abort', 'guarded-txn', 'go-lock', 'go-release'] as const;
export type ActionKind = FaultKind | (typeof clientKinds)[number];

export type Action = ActionOf<ActionKind>;

/** The actions of one run, and the parameters of its world. */
export interface Schedule {
  readonly seed: number;
  readonly ttlMs: number;
  readonly machines: number;
  /** Each owner gives the lock back after this long; undefined: only when an action says so. */
  readonly holdMs: number | undefined;
  /** No faults: the requests of each handover are counted. */
  readonly isCalm: boolean;
  readonly actions: readonly Action[];
}

const clientWeights: readonly (readonly [number, ActionKind])[] = [
  [14, 'lock'],
  [2, 'try-lock'],
  [9, 'release'],
  [5, 'abort'],
  [8, 'guarded-txn'],
  [3, 'go-lock'],
  [3, 'go-release'],
];

const weights: readonly (readonly [number, ActionKind])[] = [
  ...clientWeights,
  [2, 'refuse'],
  [2, 'lose-requests'],
  [4, 'lose-answers'],
  [3, 'late-writes'],
  [2, 'stall'],
  [3, 'cut'],
  [2, 'compact'],
  [1, 'outage'],
  [1, 'no-space'],
  [0.7, 'forbid'],
  [0.5, 'wipe'],
  [0.7, 'restore'],
  [4, 'pause'],
  [1.5, 'kill'],
  [2.5, 'lease-revoked'],
  [2.5, 'key-deleted'],
  [1.5, 'key-replaced'],
  [2, 'key-touched'],
  [1, 'stray-key'],
];

export function schedule(seed: number): Schedule {
  const random = new Random(seed ^ 0x10c4);
  const action = randomAction<ActionKind>(random);
  const actions: Action[] = [];
  const isCalm = random.chance(0.15);
  const burst = random.chance(0.4);
  // Some schedules begin with a queue.
  for (let i = random.chance(0.5) ? random.between(2, 6) : 1; i > 0; i--) actions.push(action(1, 'lock'));
  let at = random.between(1, 1_500);
  for (let i = random.between(4, 40); i > 0; i--) {
    actions.push(action(at, random.weighted(isCalm ? clientWeights : weights)));
    // Some schedules have bursts, and some have long pauses.
    if (random.chance(0.03)) at += random.between(15_000, 40_000);
    else at += burst && random.chance(0.7) ? random.between(0, 40) : random.between(0, 2_500);
  }
  return {
    seed,
    ttlMs: random.pick([3_000, 5_000, 15_000]),
    machines: random.between(1, 4),
    holdMs: random.chance(0.3) ? random.between(10, 1_000) : undefined,
    isCalm,
    actions,
  };
}
