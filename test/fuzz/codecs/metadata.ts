import type { Endpoint, JsonValue } from '#src/naming/index.js';
import type { Random } from '../../sim/random.js';
import type { FormatUnderTest } from './formats.js';

/** Names with a meaning in a format, and others. */
const names = [
  ...['weight', 'zone', 'status', 'id', 'version', 'endpoints', 'nodes', 'serviceMetadata', 'protocol'],
  ...['network', 'priority', 'ttl', 'text', 'targetstrip', 'group', 'host', 'address', 'Weight', 'name'],
  ...['', '__proto__', 'constructor', 'a', 'é', '\ufffd', '\\ufffd', '\u2028', '\0'],
];

const texts = [
  ...['', 'a', ' ', '2', '007', '0.5', '-1', '1e3', '1e400', 'NaN', 'heavy', '9223372036854775807', 'true'],
  ...['tcp', 'tcp6', 'unix', 'grpc', 'draining', '10.2.0.7:1', '\ufffd', '\\ufffd', '\\', '"', '<>&', '\0'],
  ...['grpc://h:2', 'grpcs://h:2', 'grpc://h:2?isSecure=true', 'http://h', '%zz', ':80', 'grpc://', '//h'],
];

const numbers = [
  ...[
    0,
    -0,
    1,
    2,
    -1,
    0.5,
    0.1,
    0.01,
    0.29,
    0.333,
    100,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e13,
    1e14,
  ],
  ...[9_999_999_999_999.99, 99_999_999_999_999.9, 999_999_999_999_999, 1e15, 1e17, 1e21, 1e300],
  ...[1e-6, 1.5e-7, 1e-15, 1e-16, 5e-324, Number.MAX_SAFE_INTEGER],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

/** Objects that are not JSON. */
const objects = [
  () => new Map([['a', 1]]),
  () => new Date(0),
  () => new Set(),
  () => Buffer.from('a'),
  () => () => 1,
  () => 1n,
  () => Symbol('a'),
  () => Object.create(null),
  () => Object.create({ a: 1 }),
  () => new Array(2),
];

const hosts = ['10.2.0.7', '[2001:db8::7]', '[::1]', 'pod-7.svc', 'A.b', `${'a'.repeat(63)}.b`, '1.2.3.4.5'];

/** An endpoint that a caller may want to store: some are refused. A lone surrogate is only in those of other formats. */
export function anyEndpoint({ good, codec }: FormatUnderTest, random: Random): Endpoint {
  const addr = random.chance(0.5) ? good.addr : anyAddress(random);
  const canReplace = codec.name === 'endpoints';
  const text = () => (!canReplace && random.chance(0.02) ? 'a\ud800' : random.pick(texts));
  return { addr, metadata: anyMetadata(random, text) as JsonValue };
}

function anyAddress(random: Random): string {
  return random.chance(0.1) ? 'unix:/run/a.sock' : `${random.pick(hosts)}:${random.between(1, 65_535)}`;
}

function anyMetadata(random: Random, text: () => string): unknown {
  if (random.chance(0.05)) return anyValue(random, text, 0);
  const members = Array.from({ length: random.between(0, 4) }, () => {
    const name = random.chance(0.95) ? random.pick(names) : text();
    return [name, random.chance(0.5) ? usualValue(name, random, text) : anyValue(random, text, 2)] as const;
  });
  return Object.fromEntries(members);
}

/** Lists are only stored under these names. */
function usualValue(name: string, random: Random, text: () => string): unknown {
  const list = (item: () => unknown) => Array.from({ length: random.between(0, 3) }, item);
  if (name === 'endpoints') return list(random.chance(0.7) ? text : () => anyValue(random, text, 2));
  if (name === 'nodes')
    return list(() => ({ id: text(), address: text(), metadata: anyMetadata(random, text) }));
  if (name === 'serviceMetadata') return anyMetadata(random, text);
  return random.chance(0.5) ? random.pick(numbers) : text();
}

function anyValue(random: Random, text: () => string, depth: number): unknown {
  const deeper = () => anyValue(random, text, depth - 1);
  const make = random.weighted<() => unknown>([
    [4, text],
    [4, () => random.pick(numbers)],
    [1, () => random.pick([true, false, null, undefined])],
    [0.5, () => random.pick(objects)()],
    [depth > 0 ? 1 : 0, () => [deeper(), deeper()].slice(0, random.between(0, 2))],
    [depth > 0 ? 1 : 0, () => ({ [random.pick(names)]: deeper() })],
  ]);
  return make();
}
