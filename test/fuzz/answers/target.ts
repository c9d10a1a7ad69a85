import fc from 'fast-check';
import { type ComparedDecoder, comparedDecoders, sameDecoding } from '../../support/answers/same-decoding.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';

/** So many inputs of one decoder, before the next one and the caller's timers. */
const inputsAtATime = 200;
const maxFailures = 20;

/** Compares the decoders of src/wire/codec with the generated ones. */
export const answersTarget: FuzzTarget = {
  name: 'answers',
  about: "arbitrary and mutated answers, decoded by the client's decoders and by the generated ones",
  run: async ({ seconds, seed, onStart }) => {
    const end = performance.now() + seconds * 1_000;
    return compareAll(seed, () => performance.now() < end, onStart);
  },
};

async function compareAll(
  seed: number,
  shouldContinue: () => boolean,
  onStart: FuzzOptions['onStart'],
): Promise<FuzzResult> {
  const counts: Record<string, number> = {};
  const failures: string[] = [];
  onStart?.(() => `${JSON.stringify(counts)}, ${failures.length} failures`);
  for (let round = 0; shouldContinue() && failures.length < maxFailures; round++) {
    for (const decoder of comparedDecoders) {
      const failure = compare(decoder, seed + round, counts);
      if (failure !== undefined) failures.push(failure);
      await new Promise(setImmediate);
    }
  }
  return { counts, figures: [], failures };
}

/** Compares one decoder on some inputs. Returns the smallest input that is decoded differently, as text. */
function compare(decoder: ComparedDecoder, seed: number, counts: Record<string, number>): string | undefined {
  const outcomes = { accepted: 0, refused: 0 };
  const result = fc.check(sameDecoding(decoder, outcomes), { seed, numRuns: inputsAtATime });
  for (const [outcome, count] of Object.entries(outcomes)) {
    const name = `${decoder.name}, ${outcome}`;
    counts[name] = (counts[name] ?? 0) + count;
  }
  const [input] = result.counterexample ?? [];
  return (
    input &&
    `${decoder.name} with seed ${seed}: ${Buffer.from(input).toString('hex')}: ${result.errorInstance}`
  );
}
