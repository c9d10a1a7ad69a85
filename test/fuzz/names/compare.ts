import { Random } from '../../sim/random.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { GoParsers, type GoReading } from './go-parsers.js';

/** Compares our parsing of a text with that of other parsers. */
export interface Comparison {
  readonly name: string;
  readonly about: string;
  /** Whether `check` needs what grpc-go dials. */
  readonly isDialled: boolean;
  text(random: Random): string;
  /** Returns the kind of text; throws on a difference. `go` is undefined without a Go toolchain. */
  check(text: string, go: GoReading | undefined): string;
}

const batch = 1_000;
const maxFailures = 20;

/** @param withGo Whether to compare with Go, if a toolchain exists. */
export function compareTarget(comparison: Comparison, withGo = true): FuzzTarget {
  const { name, about } = comparison;
  return { name, about, run: (options) => run(comparison, withGo, options) };
}

async function run(
  comparison: Comparison,
  withGo: boolean,
  { seconds, seed, onStart }: FuzzOptions,
): Promise<FuzzResult> {
  const random = new Random(seed);
  const go = withGo ? await GoParsers.start(comparison.isDialled) : undefined;
  const counts: Record<string, number> = {};
  const failures: string[] = [];
  onStart?.(
    () => `${Object.values(counts).reduce((sum, n) => sum + n, 0)} texts, ${failures.length} differences`,
  );
  const until = performance.now() + seconds * 1_000;
  try {
    do {
      const texts = Array.from({ length: batch }, () => comparison.text(random));
      // JSON would pass Go a different text for half a surrogate pair.
      const readings = await go?.read(texts.map((text) => (isWellFormed(text) ? text : '')));
      for (const [i, text] of texts.entries()) {
        try {
          const kind = comparison.check(text, isWellFormed(text) ? readings?.[i] : undefined);
          counts[kind] = (counts[kind] ?? 0) + 1;
        } catch (error) {
          failures.push(`${JSON.stringify(text)}: ${(error as Error).message}`);
        }
      }
      await new Promise(setImmediate);
    } while (performance.now() < until && failures.length < maxFailures);
  } finally {
    await go?.close();
  }
  return { counts, figures: [go ? 'compared with Go' : 'without Go'], failures };
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
