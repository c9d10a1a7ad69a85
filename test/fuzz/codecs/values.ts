import type { Random } from '../../sim/random.js';
import { anything, mutated, nameText, spaced } from '../json/generate.js';
import { randomBytes } from '../records/target.js';
import { type FormatUnderTest, formats } from './formats.js';

/** A JSON value whose members keep their order and may repeat; a scalar is its text. */
type Tree = string | Tree[] | { readonly members: (readonly [name: string, value: Tree])[] };

/** Texts for the places of addresses, numbers and flags. Binary strings, one character per byte. */
const odd = [
  ...[
    '"h:1"',
    '":1"',
    '"10.0.0.7"',
    '"[::1]:80"',
    '"::1"',
    '"[::1%eth0]:1"',
    '"unix:/run/a.sock"',
    '"a b:1"',
  ],
  ...[
    '"grpc://h:1"',
    '"grpc://u:p@h:1/x?isSecure=true#f"',
    '"grpcs://h"',
    '"http://h:1"',
    '"://"',
    '"grpc://[::1"',
  ],
  ...[
    '"h:1,h:2"',
    '"h:0"',
    '"h:65536"',
    '"h:http"',
    '"%2f:1"',
    '"grpc://%zz:1"',
    '"\\u0000:1"',
    '"h\\n:1"',
    '"\xff:1"',
  ],
  ...[
    '0',
    '-1',
    '-0',
    '65535',
    '65536',
    '4294967296',
    '9223372036854775807',
    '9223372036854775808',
    '1.0',
    '1e2',
  ],
  ...[
    'true',
    '"true"',
    '"3"',
    '"1e400"',
    '1e400',
    '"-1"',
    '"NaN"',
    '""',
    'null',
    '{}',
    '[]',
    '[[]]',
    '{"":null}',
  ],
  ...[
    '{"__proto__":"a"}',
    '{"weight":"3","Weight":"4"}',
    '{"weight":3}',
    '{"a":null}',
    '{"constructor":"a"}',
  ],
];

/** Takes seconds if the time grows with the square. */
const repeats = 3_000;

/** A value that any client may store below the prefix of a format. */
export function valueFor(format: FormatUnderTest, random: Random): Buffer {
  const make = random.weighted<() => Buffer>([
    [12, () => variant(random, random.pick(format.samples))],
    [2, () => variant(random, random.pick(random.pick(formats).samples))],
    [2, () => Buffer.from(mutated(random, random.pick(format.samples)), 'latin1')],
    [2, () => randomBytes(random)],
    [0.1, () => repeated(random, random.pick(format.samples))],
  ]);
  return make();
}

/** A sample with up to four changed members. A sample that is not JSON has changed characters. */
function variant(random: Random, sample: string): Buffer {
  if (!sample.startsWith('{'))
    return Buffer.from(random.chance(0.1) ? sample : bare(random, sample), 'latin1');
  let tree = toTree(JSON.parse(sample));
  for (let left = random.between(0, 4); left > 0; left--) tree = changed(random, tree);
  const text = toText(random, tree);
  return Buffer.from(random.chance(0.05) ? mutated(random, text) : text, 'latin1');
}

/** A sample in which one member occurs thousands of times; maps have different names. */
function repeated(random: Random, sample: string): Buffer {
  if (!sample.startsWith('{')) return Buffer.from(sample.repeat(repeats));
  return Buffer.from(plainText(withRepeats(random, toTree(JSON.parse(sample)))));
}

function withRepeats(random: Random, tree: Tree): Tree {
  if (Array.isArray(tree)) return tree.map((item) => withRepeats(random, item));
  if (typeof tree === 'string' || tree.members.length === 0) return tree;
  const [name, value] = random.pick(tree.members);
  if (typeof value === 'object' && random.chance(0.5))
    return {
      members: tree.members.map((one) => [one[0], one[0] === name ? withRepeats(random, value) : one[1]]),
    };
  const again = (i: number): Tree => (isMap(value) ? { members: [[`k${i}`, '"v"']] } : value);
  return {
    members: [...tree.members, ...Array.from({ length: repeats }, (_, i) => [name, again(i)] as const)],
  };
}

function isMap(tree: Tree): boolean {
  return tree === 'null' || (typeof tree === 'object' && !Array.isArray(tree));
}

/** Half of the addresses of the other formats are useful here, too. */
function bare(random: Random, sample: string): string {
  return random.chance(0.5) ? mutated(random, sample) : random.pick(odd).replace(/^"|"$/g, '');
}

function toTree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return { members: Object.entries(value).map(([name, one]) => [name, toTree(one)] as const) };
}

function changed(random: Random, tree: Tree): Tree {
  if (typeof tree === 'string' || random.chance(0.15)) return newValue(random);
  if (Array.isArray(tree)) {
    const at = random.between(0, tree.length);
    return [...tree.slice(0, at), ...changedItem(random, tree[at]), ...tree.slice(at + 1)];
  }
  const at = random.between(0, tree.members.length - 1);
  const { members } = tree;
  return {
    members: [...members.slice(0, at), ...changedMember(random, members[at]), ...members.slice(at + 1)],
  };
}

function changedItem(random: Random, item: Tree | undefined): Tree[] {
  if (item === undefined) return [newValue(random)];
  return random.weighted([
    [4, [changed(random, item)]],
    [1, []],
    [1, [item, item]],
  ]);
}

function changedMember(
  random: Random,
  member: readonly [string, Tree] | undefined,
): (readonly [string, Tree])[] {
  if (member === undefined) return [['x', newValue(random)]];
  const [name, value] = member;
  return random.weighted([
    [6, [[name, changed(random, value)] as const]],
    [1, []],
    [1, [member, [name, changed(random, value)] as const]],
    [1, [[name, changed(random, value)] as const, member]],
  ]);
}

function newValue(random: Random): string {
  return random.chance(0.6) ? random.pick(odd) : anything(random, 2);
}

function plainText(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  if (Array.isArray(tree)) return `[${tree.map(plainText).join()}]`;
  return `{${tree.members.map(([name, value]) => `${JSON.stringify(name)}:${plainText(value)}`).join()}}`;
}

/** With white space and unusual names. */
function toText(random: Random, tree: Tree): string {
  if (typeof tree === 'string') return random.chance(0.02) ? spaced(random, tree) : tree;
  if (Array.isArray(tree)) return `[${tree.map((item) => toText(random, item)).join()}]`;
  const members = tree.members.map(([name, value]) => {
    const written = random.chance(0.1) ? nameText(random, name) : JSON.stringify(name);
    return `${written}:${toText(random, value)}`;
  });
  return `{${members.join()}}`;
}
