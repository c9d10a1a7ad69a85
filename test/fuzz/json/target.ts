import { decodeEndpoint, type Endpoint, EndpointDecodeError } from '#src/naming/index.js';
import { goJson } from '#src/naming/json/go-json.js';
import { GoMissingError } from '../../interop/support/go-build.js';
import { Random } from '../../sim/random.js';
import { bytesOf, entryLine, loadCorpus } from '../corpus/corpus.js';
import { mutateEntry } from '../corpus/mutate.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { randomValue } from './generate.js';
import { GoDecoder, type GoOutcome } from './go-decoder.js';

const batchSize = 2_000;
/** The share of values that are corpus entries with changes; the others are generated. */
const mutatedShare = 0.2;
/** Enough to see a pattern. */
const maxFailures = 20;

export interface JsonOptions {
  readonly seed: number;
  /** Whether to continue after this many values. */
  readonly shouldContinue: (values: number) => boolean;
  readonly onStart?: FuzzOptions['onStart'];
}

/** Values that any client may store: the codec and Go must decode each of them alike. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  about:
    'stored values, which must be decoded as Go does (without Go: decoded, or rejected with a typed error)',
  run: async ({ seconds, seed, onStart }) => {
    const end = performance.now() + seconds * 1_000;
    return compareWithGo({
      seed,
      shouldContinue: () => performance.now() < end,
      ...(onStart && { onStart }),
    });
  },
};

/** Decodes the values of one seed with the codec and with Go, in batches. */
export async function compareWithGo({ seed, shouldContinue, onStart }: JsonOptions): Promise<FuzzResult> {
  const random = new Random(seed);
  const go = await startGo();
  const counts = { 'decoded by both': 0, 'rejected by both': 0, 'not compared, without Go': 0 };
  const failures: string[] = [];
  const corpus = loadCorpus<string | null>('json').entries.map(bytesOf);
  const seeds = corpus.map((bytes) => bytes.toString('latin1')).filter(({ length }) => length < 1_000);
  const anyValue = () =>
    random.chance(mutatedShare) ? Buffer.from(mutateEntry(random, seeds), 'latin1') : randomValue(random);
  let values = 0;
  onStart?.(() => `${values} values, ${failures.length} differences`);
  try {
    while (shouldContinue(values) && failures.length < maxFailures) {
      const batch = [
        ...(values === 0 ? corpus : []),
        ...Array.from({ length: batchSize - (values === 0 ? corpus.length : 0) }, anyValue),
      ];
      // Go decodes the batch concurrently.
      const [goOutcomes, ours] = await Promise.all([go?.decode(batch), batch.map(outcomeOf)]);
      for (const [i, value] of batch.entries()) {
        const failure = compareOutcomes(value, ours[i], go && { outcome: goOutcomes?.[i] });
        if (failure) failures.push(failure);
        else if (!go) counts['not compared, without Go']++;
        else counts[ours[i] === undefined ? 'rejected by both' : 'decoded by both']++;
      }
      values += batch.length;
    }
  } finally {
    await go?.close();
  }
  return {
    counts,
    figures: [`${values} values, ${failures.length} differences`, go ? 'compared with Go' : 'without Go'],
    failures,
  };
}

async function startGo(): Promise<GoDecoder | undefined> {
  try {
    return await GoDecoder.start();
  } catch (error) {
    if (error instanceof GoMissingError) return undefined;
    throw error;
  }
}

/** Go's JSON of what was decoded; undefined if rejected; an Error for an untyped error. */
export function outcomeOf(value: Buffer): string | undefined | Error {
  try {
    return asGoWrites(decodeEndpoint(value));
  } catch (error) {
    return error instanceof EndpointDecodeError ? undefined : (error as Error);
  }
}

function asGoWrites({ addr, metadata }: Endpoint): string {
  return `{"Addr":${goJson(addr)},"Metadata":${goJson(metadata)}}`;
}

function compareOutcomes(
  value: Buffer,
  ours: string | undefined | Error,
  go: { readonly outcome: GoOutcome } | undefined,
): string | undefined {
  const shown = `${JSON.stringify(value.toString('latin1').slice(0, 300))} (base64 ${value.toString('base64').slice(0, 400)})`;
  if (ours instanceof Error) return `${shown} throws ${ours}`;
  if (!go || ours === go.outcome) return undefined;
  return `${shown} is ${ours?.slice(0, 200) ?? 'rejected'}; in Go it is ${go.outcome?.slice(0, 200) ?? 'rejected'}
  ${entryLine('json', value, go.outcome ?? null)}`;
}
