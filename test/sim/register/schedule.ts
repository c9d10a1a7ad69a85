import { type Action as ActionOf, randomAction } from '../action.js';
import { Random } from '../random.js';

/** All faults, and all actions of other writers. */
export const faultKinds = [
  'refuse',
  'lose-requests',
  'lose-answers',
  'late-writes',
  'stall',
  'cut',
  'no-space',
  'forbid',
  'wipe',
  'wipe-past',
  'restore',
  'restart',
  'lease-revoked',
  'pause',
  'operator-changes',
  'operator-marks',
  'operator-garbage',
  'operator-address',
  'operator-strips',
  'operator-deletes',
  'rival',
  'sibling',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const ownerKinds = [
  'update',
  'burst',
  'update-status',
  'update-big',
  'abandon-call',
  'drain',
  'close',
] as const;
export type ActionKind = FaultKind | (typeof ownerKinds)[number];

export type Action = ActionOf<ActionKind>;

/** The actions of one run, and the parameters of its world. */
export interface Schedule {
  readonly seed: number;
  readonly onConflict: 'wait' | 'fail' | 'takeover';
  readonly onDeleted: 'restore' | 'stop';
  readonly ttlMs: number;
  readonly startTimeoutMs: number;
  /** The record under the key before the registration starts. */
  readonly before: 'nothing' | 'predecessor' | 'stranger' | 'orphan';
  readonly actions: readonly Action[];
}

const weights: readonly (readonly [number, ActionKind])[] = [
  [14, 'update'],
  [4, 'burst'],
  [2, 'update-status'],
  [2, 'update-big'],
  [2, 'abandon-call'],
  [0.7, 'drain'],
  [0.4, 'close'],
  [3, 'refuse'],
  [3, 'lose-requests'],
  [5, 'lose-answers'],
  [3, 'late-writes'],
  [3, 'stall'],
  [3, 'cut'],
  [2, 'no-space'],
  [1, 'forbid'],
  [1, 'wipe'],
  [1, 'wipe-past'],
  [1, 'restore'],
  [2, 'restart'],
  [3, 'lease-revoked'],
  [3, 'pause'],
  [3, 'operator-changes'],
  [2, 'operator-marks'],
  [1.5, 'operator-garbage'],
  [1.5, 'operator-address'],
  [1.5, 'operator-strips'],
  [2.5, 'operator-deletes'],
  [2, 'rival'],
  [1.5, 'sibling'],
];

export function schedule(seed: number): Schedule {
  const random = new Random(seed ^ 0x4e615);
  const action = randomAction<ActionKind>(random);
  const actions: Action[] = [];
  const burst = random.chance(0.3);
  let at = random.chance(0.3) ? 0 : random.between(1, 1_500);
  for (let i = random.between(3, 30); i > 0; i--) {
    actions.push(action(at, random.weighted(weights)));
    // Some schedules have bursts, and some have long pauses.
    if (random.chance(0.04)) at += random.between(30_000, 60_000);
    else at += burst && random.chance(0.7) ? random.between(0, 60) : random.between(0, 3_000);
  }
  return {
    seed,
    onConflict: random.weighted([
      [3, 'wait'],
      [1, 'fail'],
      [1, 'takeover'],
    ]),
    onDeleted: random.chance(0.75) ? 'restore' : 'stop',
    ttlMs: random.pick([3_000, 10_000, 60_000]),
    startTimeoutMs: random.pick([1_000, 30_000, 30_000]),
    before: random.weighted([
      [6, 'nothing'],
      [2, 'predecessor'],
      [1, 'stranger'],
      [1, 'orphan'],
    ]),
    actions,
  };
}
