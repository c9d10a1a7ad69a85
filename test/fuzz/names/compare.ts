import { isDeepStrictEqual } from 'node:util';
import type { GoProgram } from '../../interop/support/go-build.js';
import { Random } from '../../sim/random.js';
import { type CorpusName, entryLine, loadCorpus } from '../corpus/corpus.js';
import { mutateEntry } from '../corpus/mutate.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { GoTexts } from './go-texts.js';

/** Compares our parsing of a text with that of other parsers. */
export interface Comparison<Reading> {
  readonly name: CorpusName;
  readonly about: string;
  readonly program: GoProgram;
  readonly args: readonly string[];
  text(random: Random): string;
  /** Returns the kind of text; throws on a difference. `go` is undefined without a Go toolchain. */
  check(text: string, go: Reading | undefined): string;
}

const batch = 1_000;
const maxFailures = 20;
/** The others are generated. */
const mutatedShare = 0.3;

/** @param withGo Whether to compare with Go, if a toolchain exists. */
export function compareTarget<Reading>(comparison: Comparison<Reading>, withGo = true): FuzzTarget {
  const { name, about } = comparison;
  return { name, about, run: (options) => new Comparing(comparison).run(withGo, options) };
}

class Comparing<Reading> {
  readonly #comparison: Comparison<Reading>;
  readonly #counts: Record<string, number> = {};
  readonly #failures: string[] = [];
  readonly #seeds: readonly string[];
  #go: GoTexts<Reading> | undefined;

  constructor(comparison: Comparison<Reading>) {
    this.#comparison = comparison;
    this.#seeds = loadCorpus<Reading>(comparison.name).entries.map(({ text = '' }) => text);
  }

  async run(withGo: boolean, { seconds, seed, onStart }: FuzzOptions): Promise<FuzzResult> {
    const random = new Random(seed);
    const { program, args } = this.#comparison;
    this.#go = withGo ? await GoTexts.start<Reading>(program, ...args) : undefined;
    onStart?.(() => `${this.#total()} texts, ${this.#failures.length} differences`);
    const until = performance.now() + seconds * 1_000;
    try {
      await this.#checkCorpus();
      do await this.#compare(Array.from({ length: batch }, () => this.#text(random)));
      while (performance.now() < until && this.#failures.length < maxFailures);
    } finally {
      await this.#go?.close();
    }
    const figures = [
      `${this.#seeds.length} texts of the corpus`,
      this.#go ? 'compared with Go' : 'without Go',
    ];
    return { counts: this.#counts, figures, failures: this.#failures };
  }

  #total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  #text(random: Random): string {
    return random.chance(mutatedShare) ? mutateEntry(random, this.#seeds) : this.#comparison.text(random);
  }

  /** First, the corpus: also Go's answers are as stored. */
  async #checkCorpus(): Promise<void> {
    const { entries, go } = loadCorpus<Reading>(this.#comparison.name);
    const readings = await this.#compare(this.#seeds);
    for (const [i, entry] of entries.entries()) {
      if (!readings || isDeepStrictEqual(entry.go, readings[i])) continue;
      this.#failures.push(`${JSON.stringify(entry.text)}: Go answers otherwise than ${go} in the corpus`);
    }
  }

  async #compare(texts: readonly string[]): Promise<readonly Reading[] | undefined> {
    // JSON would pass Go a different text for half a surrogate pair.
    const readings = await this.#go?.read(texts.map((text) => (isWellFormed(text) ? text : '')));
    for (const [i, text] of texts.entries())
      this.#check(text, isWellFormed(text) ? readings?.[i] : undefined);
    await new Promise(setImmediate);
    return readings;
  }

  #check(text: string, go: Reading | undefined): void {
    const { name, check } = this.#comparison;
    try {
      const kind = check(text, go);
      this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    } catch (error) {
      const line = go === undefined ? '' : `\n  ${entryLine(name, Buffer.from(text), go)}`;
      this.#failures.push(`${JSON.stringify(text)}: ${(error as Error).message}${line}`);
    }
  }
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
