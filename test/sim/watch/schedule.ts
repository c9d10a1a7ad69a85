import { type Action as ActionOf, randomAction } from '../action.js';
import { Random } from '../random.js';

/** All faults. A trap fires at a point of the protocol. */
export const faultKinds = [
  'cut',
  'cut-later',
  'blackhole',
  'stuck',
  'silent',
  'oversized',
  'cancel-live',
  'resend',
  'corrupt',
  'down',
  'leaderless',
  'lag',
  'reads-fail',
  'cancel-on-create',
  'die-on-create',
  'compact',
  'restore',
  'wipe',
  'expire-token',
  'refresh-fails',
  'tokens-refused',
  'trap-created',
  'trap-fragment',
  'trap-cancel',
  'trap-refresh',
  'trap-pin',
  'trap-compact-pin',
  'trap-compact-created',
  'trap-compact-lost',
  'trap-progress',
  'trap-wipe-check',
  'bad-credentials',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const otherKinds = ['write', 'backlog', 'delete-all', 'watch', 'leave', 'tick', 'new-token'] as const;
export type ActionKind = FaultKind | (typeof otherKinds)[number];

export type Action = ActionOf<ActionKind>;

const weights: readonly (readonly [number, ActionKind])[] = [
  [40, 'write'],
  [2, 'delete-all'],
  [12, 'watch'],
  [5, 'leave'],
  [3, 'tick'],
  [6, 'cut'],
  [4, 'cut-later'],
  [2, 'blackhole'],
  [2, 'stuck'],
  [1, 'silent'],
  [0.5, 'oversized'],
  [2, 'cancel-live'],
  [3, 'resend'],
  [1, 'corrupt'],
  [2, 'down'],
  [2, 'leaderless'],
  [3, 'lag'],
  [2, 'reads-fail'],
  [1, 'cancel-on-create'],
  [1, 'die-on-create'],
  [5, 'compact'],
  [3, 'expire-token'],
  [1, 'refresh-fails'],
  [0.3, 'tokens-refused'],
  [1, 'new-token'],
  [1.5, 'trap-created'],
  [1.5, 'trap-fragment'],
  [1.5, 'trap-cancel'],
  [1, 'trap-refresh'],
  [1, 'trap-pin'],
  [1.5, 'trap-compact-pin'],
  [1.5, 'trap-compact-created'],
  [1.5, 'trap-compact-lost'],
  [2, 'trap-progress'],
  [0.7, 'trap-wipe-check'],
];

/** The actions of one run, and the parameters of its world. */
export interface Schedule {
  readonly seed: number;
  readonly actions: readonly Action[];
}

export function schedule(seed: number): Schedule {
  const random = new Random(seed ^ 0x5bd1e995);
  const action = randomAction<ActionKind>(random);
  const actions: Action[] = [];
  if (random.chance(0.06)) actions.push(action(0, 'backlog'));
  else actions.push(action(0, 'write'), action(0, 'write'));
  for (let i = random.between(1, 4); i > 0; i--) actions.push(action(1, 'watch'));
  // Some schedules are bursts.
  const burst = random.chance(0.3);
  // Some schedules have pauses long enough for a progress request on a quiet stream.
  const quiet = random.chance(0.3);
  let at = 0;
  for (let i = random.between(15, 70); i > 0; i--) {
    at += burst && random.chance(0.8) ? random.between(0, 12) : random.between(0, 500);
    if (quiet && random.chance(0.06)) at += random.between(10_000, 60_000);
    actions.push(action(at, random.weighted(weights)));
  }
  if (random.chance(0.12))
    actions.push(action(random.between(0, at), random.chance(0.5) ? 'wipe' : 'restore'));
  if (random.chance(0.08)) actions.push(action(random.between(0, at), 'bad-credentials'));
  return { seed, actions: actions.sort((one, other) => one.at - other.at) };
}
