import { coreDns } from '#src/codecs/index.js';
import { type Endpoint, EndpointDecodeError } from '#src/naming/index.js';
import { goJson } from '#src/naming/json/go-json.js';
import { Random } from '../../sim/random.js';
import { GoLines } from '../go-lines.js';
import { formats, recordOf } from './formats.js';
import { valueFor } from './values.js';

const format = formats.find(({ codec }) => codec.name === 'coredns')!;
const codec = coreDns();

export interface Comparison {
  /** Number of values, by outcome. */
  readonly counts: Readonly<Record<'endpoint' | 'no endpoint' | 'rejected', number>>;
  readonly failures: readonly string[];
}

/**
 * Decodes values with CoreDNS's own type in a Go program, and with the codec. A value that CoreDNS rejects must be
 * rejected. Any other must be decoded as the JSON that CoreDNS's type has for it.
 * @throws {GoMissingError} without a Go toolchain.
 */
export async function compareWithCoreDns(seed: number, values: number): Promise<Comparison> {
  const random = new Random(seed);
  const counts = { endpoint: 0, 'no endpoint': 0, rejected: 0 };
  const failures: string[] = [];
  const go = await GoLines.start('coredns', 'decide');
  try {
    for (let i = 0; i < values; i++) {
      const value = valueFor(format, random);
      go.write([value.toString('base64')]);
      const line = await go.next();
      const ours = outcomeOf(value);
      const theirs = line === '-' ? 'rejected' : outcomeOf(Buffer.from(line, 'base64'));
      counts[ours === 'rejected' || ours === 'no endpoint' ? ours : 'endpoint']++;
      if (ours !== theirs)
        failures.push(`${JSON.stringify(value.toString('latin1').slice(0, 400))} is ${ours}, not ${theirs}`);
    }
  } finally {
    await go.close();
  }
  return { counts, failures: failures.slice(0, 20) };
}

function outcomeOf(value: Buffer): string {
  try {
    const endpoint = codec.decode(recordOf(format, 'a', value));
    return endpoint === undefined ? 'no endpoint' : textOf(endpoint);
  } catch (error) {
    if (error instanceof EndpointDecodeError) return 'rejected';
    throw error;
  }
}

function textOf({ addr, metadata }: Endpoint): string {
  return goJson({ addr, metadata });
}
