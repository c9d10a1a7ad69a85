import type { Random } from '../../sim/random.js';

/** Hosts and other parts of addresses and targets, valid and invalid. */
const parts = [
  ...['10.0.0.7', '127.1', '0.0.0.0', '0x7f.1', '256.1.1.1', '1.2.3.4.', '0', '::', '::1', '2001:db8::1'],
  ...[
    '::ffff:10.0.0.7',
    'fe80::1%eth0',
    'fe80::1',
    'FEBF::1',
    'ff02::1',
    '::ffff:224.0.0.1',
    '239.255.255.250',
    '255.255.255.255',
    'a-.b',
    'localhost',
    'LOCALHOST',
    'a.b-c.d_e',
    'a..b',
    'xn--bcher-kva',
    'xn--a',
  ],
  ...[
    'b\u00fccher',
    '\u65e5\u672c',
    '\uff11\uff12\uff17.1',
    'a'.repeat(63),
    'a'.repeat(64),
    'a.'.repeat(126),
  ],
  ...['unix', 'http', 'https', 'etcd', 'ETCD', 'dns', 'foo', 'foo/bar', 'svc', 'run/a.sock', 'caf\u00e9'],
  ...['1', '80', '00080', '443', '50051', '65535', '65536', '99999', '-1', '+80', 'http', ''],
];
/** Separators, and invisible characters. */
const separators = [
  ...[
    ':',
    '::',
    '/',
    '//',
    '///',
    '[',
    ']',
    '%',
    '%2F',
    '%25',
    '%zz',
    '%ff',
    '%00',
    '%3A',
    '@',
    '?',
    '#',
    ',',
    ';',
  ],
  ...[
    '.',
    '-',
    '_',
    '+',
    '=',
    '&',
    '\\',
    '"',
    ' ',
    '\t',
    '\n',
    '\0',
    '\x7f',
    '\x1b',
    '\u00ad',
    '\u200d',
    '\u202e',
  ],
  ...['\u2066', '\u3002', '\uff0f', '\uff1a', '\ufeff', '\u0131', '\u00df', '\u{1f600}', '\u{e0001}'],
];

const addressShapes = [
  (host: string, port: string) => `${host}:${port}`,
  (host: string, port: string) => `[${host}]:${port}`,
  (host: string) => host,
  (host: string) => `[${host}]`,
  (host: string, port: string) => `http://${host}:${port}`,
  (host: string) => `unix:/${host}`,
  (host: string) => `unix:///${host}`,
];
const targetShapes = [
  (a: string, b: string) => `etcd:///${a}/${b}`,
  (a: string, b: string) => `etcd://${a}/${b}`,
  (a: string) => `etcd:${a}`,
  (a: string) => `etcd:/${a}`,
  (a: string) => `etcd:////${a}`,
  (a: string) => `etcd:///etcd%3A${a}`,
  (a: string, b: string) => `${a}/${b}`,
];

const nameEnds = ['', '', '/', '//', '/..', '/.', '%2F', '2', ' ', '\0', '\u00ff', '\u{10ffff}'];

export function randomAddress(random: Random): string {
  const port = random.chance(0.5) ? String(random.between(1, 65_535)) : random.pick(parts);
  return mutated(random, random.pick(addressShapes)(random.pick(parts), port));
}

export function randomTarget(random: Random): string {
  return mutated(random, random.pick(targetShapes)(random.pick(parts), random.pick(parts)));
}

/** A target, `|` and a key, which starts with the target or nearly so. */
export function randomTargetAndKey(random: Random): string {
  const name = random.chance(0.3) ? randomTarget(random) : random.pick(parts) + random.pick(nameEnds);
  const target = name.replaceAll('|', '');
  const start = random.chance(0.7) ? `${target}/` : mutated(random, `${target}/`);
  return `${target}|${start}${mutated(random, random.pick(parts))}`;
}

/** Half of the texts unchanged; the others with up to three characters inserted, removed or replaced. */
function mutated(random: Random, text: string): string {
  if (random.chance(0.5)) return text;
  const chars = [...text];
  for (let edits = random.between(1, 3); edits > 0; edits--) {
    const at = random.between(0, chars.length);
    const added = random.pick([[random.pick(separators)], [random.pick(parts)], []]);
    chars.splice(at, random.between(0, 1), ...added);
  }
  return chars.join('');
}
