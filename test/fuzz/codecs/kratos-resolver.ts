import { kratos } from '#src/codecs/index.js';
import { EndpointDecodeError } from '#src/naming/index.js';
import type { KratosDecision, KratosProgram } from '../../interop/support/kratos-program.js';
import { Random } from '../../sim/random.js';
import { formats, recordOf } from './formats.js';
import { valueFor } from './values.js';

const format = formats.find(({ codec }) => codec.name === 'kratos')!;

/** Parts of URLs, well-formed and not. */
const parts = [
  ...[
    'grpc://',
    'grpcs://',
    'GRPC://',
    'grpc:',
    'http://',
    '//',
    '/',
    '://',
    '',
    ' ',
    '\\',
    '<',
    '"',
    '\u0001',
    '\u0080',
  ],
  ...['user:pw@', 'é@', '@', '[', ']', '%', '%25', '%41', '%zz', '{', '|', '!', ',', ';', 'é'],
  ...['10.0.0.7', 'a.b', 'a b', '[::1]', '[fe80::1%25eth0]', '[fe80::1%eth0]', '[1.2.3.4]'],
  ...[':8080', ':1', ':http', ':', ':1:2', '/p/q', '#f', '?a=b', '&', '?'],
];

export interface Comparison {
  /** Number of values, by outcome. */
  readonly counts: Readonly<Record<'address' | 'no address' | 'not dialled', number>>;
  readonly failures: readonly string[];
}

/**
 * Passes values through kratos's own types and resolver, and through the codec. Both must find the same address, except
 * one that grpc-go cannot dial: the codec rejects that.
 */
export async function compareWithKratos(
  program: KratosProgram,
  seed: number,
  values: number,
): Promise<Comparison> {
  /** Go rejects a wrong type of any value of a repeated name in the metadata. The codec reads the last value only. */
  const withoutRepeats = async (decision: KratosDecision | undefined, value: Buffer, secure: boolean) => {
    if (decision?.error === undefined) return decision;
    const [again] = await program.decide(
      format.service,
      [JSON.stringify(JSON.parse(value.toString()))],
      secure,
    );
    return again;
  };
  const random = new Random(seed);
  const counts = { address: 0, 'no address': 0, 'not dialled': 0 };
  const failures: string[] = [];
  for (const secure of [false, true]) {
    const batch = Array.from({ length: values / 2 }, () => anyValue(random));
    const decisions = await program.decide(format.service, batch, secure);
    for (const [i, value] of batch.entries()) {
      const ours = addrOf(value, secure);
      const isFound = typeof ours === 'string' && ours !== '';
      const theirs = isFound ? await withoutRepeats(decisions[i], value, secure) : decisions[i];
      const outcome = outcomeOf(value, ours, theirs?.addr ?? '');
      if (outcome in counts) counts[outcome as keyof typeof counts]++;
      else failures.push(`${JSON.stringify(value.toString('latin1').slice(0, 400))}: ${outcome}`);
    }
  }
  return { counts, failures: failures.slice(0, 20) };
}

function anyValue(random: Random): Buffer {
  if (random.chance(0.5)) return valueFor(format, random);
  const url = () => Array.from({ length: random.between(1, 5) }, () => random.pick(parts)).join('');
  const endpoints = Array.from({ length: random.between(1, 3) }, () =>
    random.chance(0.5) ? `grpc://${url()}` : url(),
  );
  return Buffer.from(JSON.stringify({ id: '1', name: format.service, endpoints }));
}

function outcomeOf(value: Buffer, ours: string | EndpointDecodeError, theirs: string): string {
  if (ours === theirs) return ours === '' ? 'no address' : 'address';
  if (ours instanceof EndpointDecodeError) return 'not dialled';
  // kratos ignores isSecure since version 2.5.
  if (/isSecure/i.test(value.toString('latin1'))) return 'not dialled';
  return `${JSON.stringify(ours)} and not ${JSON.stringify(theirs)}`;
}

/** The address; '' for none; the error about an address that is found and that grpc-go cannot dial. */
function addrOf(value: Buffer, secure: boolean): string | EndpointDecodeError {
  try {
    return kratos({ secure }).decode(recordOf(format, '1', value))?.addr ?? '';
  } catch (error) {
    if (!(error instanceof EndpointDecodeError)) throw error;
    return /is not an address|IPv6 address/.test(error.message) ? error : '';
  }
}
