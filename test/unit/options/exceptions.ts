import type { DeclaredInput } from '../../support/declarations/declared-inputs.js';

/** Types of objects with methods, without which they are rejected. Most may have any other members. */
export const withBehaviour: readonly string[] = [
  'EndpointCodec',
  'NamingClient',
  'ServiceSubscriber',
  'HealthReporter',
  'SnapshotStore',
];

/** Inputs that accept any member name, and why. */
const exempt: readonly (readonly [why: string, is: (input: DeclaredInput) => boolean])[] = [
  ['the constructor of an error never throws', ({ function: name }) => /^new \w+Error$/.test(name)],
  [
    'an object that this package creates',
    ({ type, path }) =>
      type === 'ServiceDirectory' || type === 'EtcdMember' || path.includes('clientOptions'),
  ],
  [
    'a part of a client that is checked as a whole',
    ({ path }) => path.includes('kv') || path.includes('lease'),
  ],
  ['a URI parsed by grpc-js', ({ type }) => type === 'TargetUri'],
  ['for tests of this package', ({ type }) => type === 'Clock'],
  [
    "a key-value of this package, and a validator of another library: see decode's own tests",
    ({ function: name }) => name.startsWith('decode.'),
  ],
  [
    "a record that this package read, for a codec, which may be a user's own",
    ({ type }) => type === 'EncodedRecord',
  ],
  [
    'a channel of Node, and what its subscribers are given',
    ({ function: name }) => /^(CallChannel|DiagnosticsChannel|PublishedChannel|MetricsRequest)\./.test(name),
  ],
  ["a user's own client", ({ function: name }) => name.startsWith('NamingClient.')],
];

export function isExempt(input: DeclaredInput): boolean {
  return exempt.some(([, is]) => is(input));
}

/** Durations for which `Infinity` means "without end". */
export const mayBeInfinite: readonly string[] = ['timeoutMs', 'maxAgeMs'];
/** Durations that may exceed Node's longest timer. */
export const mayBeLong: readonly string[] = ['timeoutMs', 'maxAgeMs'];
/** Ids of members: unsigned 64-bit numbers. All other bigints are signed. */
export const unsigned: readonly string[] = ['memberId'];
