import type { ReadShape } from './shapes.js';

export const addr = '10.0.0.7:8888';

/** A record with the members that Kitex writes; `members` replaces or adds some, undefined removes one. */
export function record(members: object = {}): string {
  return JSON.stringify({ network: 'tcp', address: addr, weight: 10, tags: null, ...members });
}

export interface KitexShape extends ReadShape {
  /**
   * What differs in Kitex: the address as its resolver returns it, also where this package reads none, because Kitex does
   * not connect to it. Default: the address that this package reads, and nothing where the record is invalid.
   */
  readonly kitex?: string;
  /** The weight for Kitex. Default: ten times the weight that this package reads. */
  readonly kitexWeight?: number;
}

/** Values of records, and what is read from them. */
export const kitexShapes: readonly KitexShape[] = [
  { name: 'as Kitex writes it without tags', value: record(), reads: { addr } },
  { name: 'without tags, of an old version', value: record({ tags: undefined }), reads: { addr } },
  { name: 'with no tags', value: record({ tags: {} }), reads: { addr } },
  {
    name: 'with tags',
    value: record({ tags: { zone: 'a', cluster: 'blue' } }),
    reads: { addr, metadata: { zone: 'a', cluster: 'blue' } },
  },
  {
    name: 'with a tag that is null, for Go an empty text',
    value: record({ tags: { a: null } }),
    reads: { addr, metadata: { a: '' } },
  },
  {
    name: 'with a tag that is a number',
    value: record({ tags: { a: 1 } }),
    reads: /tags.a is not a text/,
  },
  { name: 'with tags that are a list', value: record({ tags: ['a'] }), reads: /tags is not an object/ },
  {
    name: 'with tags that are repeated, which Go merges',
    value: `{"network":"tcp","tags":{"a":"1","b":"1"},"address":"${addr}","tags":{"b":"2"}}`,
    reads: { addr, metadata: { a: '1', b: '2' } },
  },
  {
    name: 'with tags that have the names of members',
    value: record({ tags: { weight: '3', network: 'x', address: 'y' } }),
    reads: { addr, metadata: { address: 'y' } },
  },
  {
    name: 'with the tag __proto__',
    value: `{"network":"tcp","address":"${addr}","tags":{"__proto__":"x"}}`,
    reads: { addr, metadata: JSON.parse('{"__proto__":"x"}') },
  },
  {
    name: 'with half the default weight',
    value: record({ weight: 5 }),
    reads: { addr, metadata: { weight: 0.5 } },
  },
  {
    name: 'with ten times the default weight',
    value: record({ weight: 100 }),
    reads: { addr, metadata: { weight: 10 } },
  },
  { name: 'with the weight 0, which is the default', value: record({ weight: 0 }), reads: { addr } },
  {
    name: 'with a negative weight, which is the default',
    value: record({ weight: -1 }),
    reads: { addr },
  },
  { name: 'without a weight', value: record({ weight: undefined }), reads: { addr } },
  { name: 'with a weight that is null', value: record({ weight: null }), reads: { addr } },
  {
    name: 'with the greatest weight, which is read as the greatest that can be written',
    value: `{"weight":9223372036854775807,${record({ weight: undefined }).slice(1)}`,
    reads: { addr, metadata: { weight: 99_999_999_999_999.9 } },
    kitexWeight: 2 ** 63,
  },
  {
    name: 'with a weight that is text',
    value: record({ weight: '10' }),
    reads: /weight is "10", not a whole number/,
  },
  {
    name: 'with a weight with a fraction',
    value: record({ weight: 1.5 }),
    reads: /weight is 1.5, not a whole number/,
  },
  {
    name: 'with a weight beyond 64 bits',
    value: `{"weight":9223372036854775808,${record().slice(1)}`,
    reads: /weight is 9223372036854775808/,
  },
  {
    name: 'with the network tcp4',
    value: record({ network: 'tcp4' }),
    reads: { addr, metadata: { network: 'tcp4' } },
  },
  {
    name: 'with a socket file',
    value: record({ network: 'unix', address: '/run/user.sock' }),
    id: '/run/user.sock',
    kitex: '/run/user.sock',
    reads: { addr: 'unix:/run/user.sock', metadata: { network: 'unix' } },
  },
  {
    name: 'with a socket without a file',
    value: record({ network: 'unix', address: '@user' }),
    kitex: '@user',
    reads: /a socket file's path is absolute/,
  },
  {
    name: 'with a socket file and the network tcp',
    value: record({ address: 'unix:/run/user.sock' }),
    kitex: 'unix:/run/user.sock',
    reads: /not one of the network tcp/,
  },
  {
    name: 'with another network',
    value: record({ network: 'udp' }),
    kitex: addr,
    reads: /network is 'udp', to which Kitex does not connect/,
  },
  {
    name: 'without a network',
    value: record({ network: undefined }),
    kitex: addr,
    reads: /the record has no network/,
  },
  {
    name: 'with a host name',
    value: record({ address: 'user-0.user:8888' }),
    reads: { addr: 'user-0.user:8888' },
  },
  {
    name: 'with an IPv6 address in brackets',
    value: record({ address: '[2001:db8::7]:8888' }),
    reads: { addr: '[2001:db8::7]:8888' },
  },
  {
    name: 'with an IPv6 address as Kitex writes it',
    value: record({ address: '2001:db8::7:8888' }),
    kitex: '2001:db8::7:8888',
    reads: { addr: '[2001:db8::7]:8888' },
  },
  {
    name: 'with the local IPv6 address as Kitex writes it',
    value: record({ address: '::1:8888' }),
    kitex: '::1:8888',
    reads: { addr: '[::1]:8888' },
  },
  {
    name: 'with a host without a port',
    value: record({ address: '10.0.0.7' }),
    kitex: '10.0.0.7',
    reads: /address is not an address: it has no port/,
  },
  {
    name: 'without an address',
    value: record({ address: undefined }),
    kitex: '',
    reads: /the record has no address/,
  },
  {
    name: 'with an address that is a number',
    value: record({ address: 8888 }),
    reads: /address is not a text/,
  },
  {
    name: 'with names in other cases',
    value: `{"Network":"tcp","ADDRESS":"${addr}","Weight":20}`,
    reads: { addr, metadata: { weight: 2 } },
  },
  {
    name: 'with names that only Unicode folds',
    value: `{"networ\u212a":"tcp","addre\u017fs":"${addr}"}`,
    reads: { addr },
  },
  {
    name: 'with members that Kitex does not know',
    value: record({ version: 2, nested: { a: [1] } }),
    reads: { addr },
  },
  {
    name: 'with a repeated address, of which the last counts',
    value: `{"network":"tcp","address":"a:1","address":"${addr}","address":null}`,
    reads: { addr },
  },
  { name: 'with a line break after it', value: `${record()}\n`, reads: { addr } },
  {
    name: 'with bytes that are not UTF-8 in a tag',
    value: Buffer.from(record({ tags: { a: '\xff' } }), 'latin1'),
    reads: { addr, metadata: { a: '\ufffd' } },
  },
  { name: 'that is null', value: 'null', kitex: '', reads: /the record has no network/ },
  { name: 'that is a bare address', value: addr, reads: /./ },
  {
    name: "in Go's format",
    value: `{"Op":0,"Addr":"${addr}","Metadata":null}`,
    kitex: '',
    reads: /the record has no network/,
  },
  { name: 'that is a list', value: `[${record()}]`, reads: /not a JSON object/ },
  { name: 'that is cut off', value: record().slice(0, -1), reads: /./ },
  { name: 'that is empty', value: '', reads: /./ },
  {
    name: 'with a tag of a megabyte',
    value: record({ tags: { a: 'x'.repeat(1 << 20) } }),
    reads: { addr, metadata: { a: 'x'.repeat(1 << 20) } },
  },
];
