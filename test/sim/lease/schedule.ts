import { type Action as ActionOf, randomAction } from '../action.js';
import { Random } from '../random.js';

/** All faults. */
export const faultKinds = [
  'cut',
  'cut-later',
  'blackhole',
  'stall',
  'slow',
  'down',
  'leaderless',
  'leader-change',
  'pause',
  'suspend',
  'revoked-elsewhere',
  'wipe',
  'forbid',
  'expire-token',
  'refresh-fails',
  'bad-credentials',
  'stray-answer',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const userKinds = [
  'hold',
  'hold-again',
  'close',
  'revoke',
  'once-held',
  'once-other',
  'once-missing',
  'leave',
] as const;
export type ActionKind = FaultKind | (typeof userKinds)[number];

export type Action = ActionOf<ActionKind>;

/** The actions of one run, and the parameters of its world. */
export interface Schedule {
  readonly seed: number;
  /** Only faults that a client with three members must survive without losing a lease. */
  readonly survivable: boolean;
  readonly actions: readonly Action[];
}

const weights: readonly (readonly [number, ActionKind])[] = [
  [7, 'hold'],
  [2, 'hold-again'],
  [2, 'close'],
  [2, 'revoke'],
  [7, 'once-held'],
  [3, 'once-other'],
  [1, 'once-missing'],
  [2, 'leave'],
  [8, 'cut'],
  [4, 'cut-later'],
  [4, 'blackhole'],
  [4, 'stall'],
  [5, 'slow'],
  [3, 'down'],
  [3, 'leaderless'],
  [3, 'leader-change'],
  [6, 'pause'],
  [3, 'suspend'],
  [2, 'revoked-elsewhere'],
  [0.5, 'wipe'],
  [2, 'forbid'],
  [3, 'expire-token'],
  [1, 'refresh-fails'],
  [0.5, 'bad-credentials'],
  [2, 'stray-answer'],
];

const survivableWeights: readonly (readonly [number, ActionKind])[] = [
  [2, 'hold'],
  [1, 'hold-again'],
  [1, 'close'],
  [1, 'revoke'],
  [3, 'once-held'],
  [2, 'once-other'],
  [3, 'cut'],
  [2, 'cut-later'],
  [2, 'blackhole'],
  [2, 'down'],
  [2, 'leader-change'],
  [1, 'revoked-elsewhere'],
  [1, 'expire-token'],
];

export function schedule(seed: number): Schedule {
  const random = new Random(seed ^ 0x1ea5e);
  const action = randomAction<ActionKind>(random);
  const survivable = random.chance(0.25);
  const actions: Action[] = [];
  for (let i = random.between(1, 4); i > 0; i--) actions.push(action(1 + 13 * i, 'hold'));
  // Some schedules are bursts.
  const burst = !survivable && random.chance(0.25);
  let at = 100;
  for (let i = random.between(8, 40); i > 0; i--) {
    if (survivable) at += random.between(2_000, 9_000);
    else at += burst && random.chance(0.7) ? random.between(0, 40) : random.between(0, 2_500);
    actions.push(action(at, random.weighted(survivable ? survivableWeights : weights)));
  }
  return { seed, survivable, actions: actions.sort((one, other) => one.at - other.at) };
}
