import type { DeclaredInput } from '../../support/declarations/declared-inputs.js';

/** Types of objects with behaviour, which may have whatever else beside it. Without it they are refused. */
export const withBehaviour: readonly string[] = [
  'NamingClient',
  'ServiceSubscriber',
  'HealthReporter',
  'SnapshotStore',
];

/** Inputs that take any name, and why. */
const exempt: readonly (readonly [why: string, is: (input: DeclaredInput) => boolean])[] = [
  ['an error never fails to be made', ({ function: name }) => /^new \w+Error$/.test(name)],
  ['a handle of this package', ({ type }) => type === 'ServiceDirectory' || type === 'EtcdMember'],
  [
    'a part of a client that is checked as a whole',
    ({ path }) => path.includes('kv') || path.includes('lease'),
  ],
  ['what grpc-js made of a URI', ({ type }) => type === 'TargetUri'],
  ['for tests of this package', ({ type }) => type === 'Clock'],
  ["a user's own client", ({ function: name }) => name.startsWith('NamingClient.')],
];

export function isExempt(input: DeclaredInput): boolean {
  return exempt.some(([, is]) => is(input));
}

/** Times for which `Infinity` is "without end". */
export const mayBeInfinite: readonly string[] = ['timeoutMs', 'maxAgeMs'];
/** Times that are compared, or for which a timer is made of several. */
export const mayBeLong: readonly string[] = ['timeoutMs', 'maxAgeMs'];
