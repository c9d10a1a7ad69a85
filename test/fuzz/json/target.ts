import { goJson } from '#src/naming/go-json.js';
import { decodeEndpoint, type Endpoint, EndpointDecodeError } from '#src/naming/index.js';
import { NoGo } from '../../interop/support/go-build.js';
import { Random } from '../../sim/random.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { randomValue } from './generate.js';
import { GoDecider, type GoOutcome } from './go-decider.js';

const batchSize = 2_000;
/** Enough to see what they have in common. */
const mostFailures = 20;

export interface JsonOptions {
  readonly seed: number;
  /** Whether to go on after so many values. */
  readonly goOn: (values: number) => boolean;
  readonly onStart?: FuzzOptions['onStart'];
}

/** Stored values as any client may write them: read by the codec and by Go, which must agree on each. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  about:
    'stored values, which must be read as Go reads them (without Go: which must be read, or refused by a typed error)',
  run: async ({ seconds, seed, onStart }) => {
    const end = performance.now() + seconds * 1_000;
    return compareWithGo({ seed, goOn: () => performance.now() < end, ...(onStart && { onStart }) });
  },
};

/** Values of one seed, made here and judged by both languages, in batches. */
export async function compareWithGo({ seed, goOn, onStart }: JsonOptions): Promise<FuzzResult> {
  const random = new Random(seed);
  const go = await startGo();
  const counts = { 'read by both': 0, 'refused by both': 0, 'not compared, without Go': 0 };
  const failures: string[] = [];
  let values = 0;
  onStart?.(() => `${values} values, ${failures.length} differences`);
  try {
    while (goOn(values) && failures.length < mostFailures) {
      const batch = Array.from({ length: batchSize }, () => randomValue(random));
      // Go works on the batch meanwhile.
      const [goOutcomes, ours] = await Promise.all([go?.decide(batch), batch.map(outcomeOf)]);
      for (const [i, value] of batch.entries()) {
        const failure = judge(value, ours[i], go && { outcome: goOutcomes?.[i] });
        if (failure) failures.push(failure);
        else if (!go) counts['not compared, without Go']++;
        else counts[ours[i] === undefined ? 'refused by both' : 'read by both']++;
      }
      values += batch.length;
    }
  } finally {
    await go?.close();
  }
  return { counts, figures: [`${values} values, ${failures.length} differences`], failures };
}

async function startGo(): Promise<GoDecider | undefined> {
  try {
    return await GoDecider.start();
  } catch (error) {
    if (error instanceof NoGo) return undefined;
    throw error;
  }
}

/** As Go writes what was read; undefined for what is refused; an error for what is thrown otherwise. */
function outcomeOf(value: Buffer): string | undefined | Error {
  try {
    return asGoWrites(decodeEndpoint(value));
  } catch (error) {
    return error instanceof EndpointDecodeError ? undefined : (error as Error);
  }
}

function asGoWrites({ addr, metadata }: Endpoint): string {
  return `{"Addr":${goJson(addr)},"Metadata":${goJson(metadata)}}`;
}

function judge(
  value: Buffer,
  ours: string | undefined | Error,
  go: { readonly outcome: GoOutcome } | undefined,
): string | undefined {
  const shown = `${JSON.stringify(value.toString('latin1').slice(0, 300))} (base64 ${value.toString('base64').slice(0, 400)})`;
  if (ours instanceof Error) return `${shown} throws ${ours}`;
  if (!go || ours === go.outcome) return undefined;
  return `${shown} is ${ours?.slice(0, 200) ?? 'refused'}; in Go it is ${go.outcome?.slice(0, 200) ?? 'refused'}`;
}
