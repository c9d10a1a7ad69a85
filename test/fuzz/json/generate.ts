import type { Random } from '../../sim/random.js';

/**
 * Values that any client may store in place of an endpoint. Most are nearly valid and cover what Go and JavaScript
 * decode differently. Texts are binary strings, one character per byte, so that they can hold invalid UTF-8.
 */
export function randomValue(random: Random): Buffer {
  const text = random.chance(0.0005) ? deepObject(random) : object(random);
  return Buffer.from(random.chance(0.15) ? mutated(random, text) : text, 'latin1');
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const names = ['Op', 'Addr', 'Metadata'];
const addrs = ['a:1', '10.0.0.7:50051', '[2001:db8::1]:443', 'unix:/run/a.sock', ''];
const spaces = ['', '', '', '', '', '', '', '', ' ', '\n', '\t', '\r', '  ', '\v', '\f', '\xc2\xa0', '\0'];
/** Numbers in valid and invalid notation. */
const numbers = [
  ...[
    '0',
    '1',
    '7',
    '255',
    '256',
    '-1',
    '-0',
    '1.0',
    '1e2',
    '1E2',
    '1e+2',
    '1e-2',
    '100e-2',
    '0.5',
    '00',
    '01',
  ],
  ...[
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '0x10',
    'NaN',
    'Infinity',
    '1_0',
    '2.5.1',
    '--1',
    '-01',
    '0e0',
    '-0.0',
  ],
  ...[
    '1e400',
    '-1e400',
    '1e-400',
    '5e-324',
    '2e-324',
    '3e-324',
    '1.7976931348623157e308',
    '1.7976931348623159e308',
  ],
  ...['9007199254740993', '18446744073709551615', '-9223372036854775809', '123456789012345678901234567890'],
  ...['1e308', '1e309', '0e999999999999', '1e999999999999', '1e-999999999999', '0.1', '1e21', '1e20', '1e-7'],
];
/** Parts of strings, valid and invalid. */
const pieces = [
  ...[
    'a',
    'b:1',
    ' ',
    '/',
    "'",
    '<',
    '>',
    '&',
    '\x7f',
    '\\"',
    '\\\\',
    '\\/',
    '\\b',
    '\\f',
    '\\n',
    '\\r',
    '\\t',
  ],
  ...['\\u0041', '\\u00e9', '\\u0000', '\\u2028', '\\ufffd', '\\uFFFF', '\\ud83d\\ude00', '\\uD83D\\uDE00'],
  ...['\\ud800', '\\udc00', '\\udbff', '\\uDFFF', '\\ud83d\\ud83d\\ude00', '\\ud83d\\n', '\\ud83d\\u0041'],
  ...['\\u', '\\u12', '\\ud8zz', '\\uD83D\\uDEzz', '\\x41', "\\'", '\\U0041', '\n', '\0', '\x1f', '"'],
  ...[
    utf8('é'),
    utf8('😀'),
    utf8('\u2028'),
    utf8('\ufeff'),
    utf8('\ufffd'),
    utf8('Ａ'),
    utf8('İ'),
    utf8('ſ'),
    utf8('K'),
  ],
  ...[
    '\xff',
    '\x80',
    '\xe2\x82',
    '\xf0\x9f\x98',
    '\xed\xa0\x80',
    '\xc0\xaf',
    '\xf4\x90\x80\x80',
    '\xc2',
    '\xe2\x28\xa1',
  ],
];

function object(random: Random): string {
  const members = Array.from({ length: random.between(0, 5) }, () => topMember(random));
  return spaced(random, `{${members.join(',')}}`);
}

function topMember(random: Random): string {
  const name = random.weighted([
    [4, random.pick(names)],
    [1, ''],
  ]);
  const value = random.chance(0.3) ? anything(random, 3) : likely(random, name);
  return `${spaced(random, nameText(random, name || text(random)))}:${spaced(random, value)}`;
}

/** In any case, and with letters replaced by escapes or by characters that look or fold alike. */
export function nameText(random: Random, name: string): string {
  if (random.chance(0.5)) return `"${name}"`;
  const odd = [...name].map((letter) =>
    random.weighted([
      [8, letter],
      [4, random.chance(0.5) ? letter.toLowerCase() : letter.toUpperCase()],
      [1, `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`],
      [0.2, random.pick(pieces)],
    ]),
  );
  return `"${odd.join('')}"`;
}

function likely(random: Random, name: string): string {
  if (random.chance(0.1)) return 'null';
  if (name === 'Op') return random.chance(0.6) ? '0' : number(random);
  if (name === 'Addr') return random.chance(0.6) ? `"${random.pick(addrs)}"` : string(random);
  return anything(random, 4);
}

/** A random value, as text. */
export function anything(random: Random, depth: number): string {
  const kind = random.weighted([
    [2, 'number'],
    [3, 'string'],
    [1, 'word'],
    [depth, 'list'],
    [depth, 'map'],
  ]);
  if (kind === 'number') return number(random);
  if (kind === 'string') return string(random);
  if (kind === 'word')
    return random.pick(['null', 'true', 'false', 'null', 'True', 'nul', 'undefined', 'nulll']);
  const length = random.between(0, 3);
  if (kind === 'list')
    return `[${Array.from({ length }, () => spaced(random, anything(random, depth - 1))).join(',')}]`;
  // Few names, so that they repeat.
  const name = () => (random.chance(0.7) ? `"${random.pick(['a', 'b', '__proto__', '1'])}"` : string(random));
  return `{${Array.from({ length }, () => `${name()}:${spaced(random, anything(random, depth - 1))}`).join(',')}}`;
}

function number(random: Random): string {
  if (random.chance(0.7)) return random.pick(numbers);
  const digits = Array.from({ length: random.between(1, random.chance(0.02) ? 900 : 40) }, () =>
    random.between(0, 9),
  ).join('');
  const exponent = random.chance(0.5) ? `e${random.between(-345, 345)}` : '';
  return `${random.chance(0.3) ? '-' : ''}${random.between(0, 9)}.${digits}${exponent}`;
}

const string = (random: Random): string => `"${text(random)}"`;

function text(random: Random): string {
  const most = random.chance(0.02) ? 60 : 4;
  return Array.from({ length: random.between(0, most) }, () =>
    random.chance(0.5) ? random.pick(['a', 'b', 'c']) : random.pick(pieces),
  ).join('');
}

export function spaced(random: Random, value: string): string {
  return random.chance(0.1) ? random.pick(spaces) + value + random.pick(spaces) : value;
}

/** Nested about as deep as Go's limit, closed or not. */
function deepObject(random: Random): string {
  const depth = random.pick([7_000, 9_997, 9_998, 9_999, 10_000, 10_001, 12_000]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  const inside = open === '[' ? random.pick(['', '1', '[]', '{}']) : random.pick(['1', '[]', '{}']);
  const ends = random.chance(0.9) ? close.repeat(depth) : '';
  return `{"Addr":"a:1","${random.pick([...names, 'Other'])}":${open.repeat(depth)}${inside}${ends}}`;
}

/** Text with a small change, such as a missing or repeated part. */
export function mutated(random: Random, value: string): string {
  const at = random.between(0, value.length);
  const to = random.between(at, Math.min(value.length, at + 5));
  switch (random.between(0, 5)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value.slice(0, at) + value.slice(to);
    case 2:
      return value.slice(0, to) + value.slice(at);
    case 3:
      return value.slice(0, at) + String.fromCharCode(random.between(0, 255)) + value.slice(at);
    case 4:
      return value.slice(0, at) + random.pick(['{', '}', '[', ']', ',', ':', '"', '\\']) + value.slice(at);
    default:
      return random.pick(['null', '[]', '"a:1"', '1', '', 'true', ' null ', 'null null']);
  }
}
