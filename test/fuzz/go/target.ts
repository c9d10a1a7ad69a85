import type { ProofTable } from '../../support/proof.js';
import { type CorpusName, loadCorpus } from '../corpus/corpus.js';
import { jsonTarget } from '../json/target.js';
import { addressesTarget } from '../names/addresses.js';
import { keysTarget } from '../names/keys.js';
import { targetsTarget } from '../names/targets.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';

const subjects: readonly (FuzzTarget & { readonly name: CorpusName })[] = [
  { ...jsonTarget, name: 'json' },
  { ...addressesTarget, name: 'addresses' },
  { ...targetsTarget, name: 'targets' },
  { ...keysTarget, name: 'keys' },
];

/** Everything that is compared with Go, each for its share of the time. */
export const goTarget: FuzzTarget = {
  name: 'go',
  about: `${subjects.map(({ name }) => name).join(', ')} in turn, compared with Go`,
  proof: 'go-fuzz',
  run: async ({ seconds, seed, onStart }) => {
    const results: FuzzResult[] = [];
    for (const subject of subjects)
      results.push(
        await runSubject(subject, { seconds: seconds / subjects.length, seed, ...(onStart && { onStart }) }),
      );
    return combine(results);
  },
};

function runSubject(subject: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { onStart, ...rest } = options;
  return subject.run({ ...rest, onStart: (progress) => onStart?.(() => `${subject.name}: ${progress()}`) });
}

function combine(results: readonly FuzzResult[]): FuzzResult {
  const named = subjects.map(({ name }, i) => ({ name, result: results[i] as FuzzResult }));
  const counts = Object.fromEntries(
    named.flatMap(({ name, result }) =>
      Object.entries(result.counts).map(([kind, count]) => [`${name}: ${kind}`, count] as const),
    ),
  );
  const failures = named.flatMap(({ name, result }) => result.failures.map((text) => `${name}: ${text}`));
  const withoutGo = results.some(({ figures }) => figures.includes('without Go'));
  return {
    counts,
    figures: named.flatMap(({ name, result }) => result.figures.map((text) => `${name}: ${text}`)),
    failures: withoutGo ? [...failures, 'void: there is no Go toolchain'] : failures,
    proof: {
      figures: { inputs: sum(counts), differences: failures.length },
      tables: { subjects: tableOf(named) },
    },
  };
}

function tableOf(named: readonly { readonly name: CorpusName; readonly result: FuzzResult }[]): ProofTable {
  return {
    columns: ['compared', 'inputs', 'of the corpus', 'known differences', 'differences'],
    rows: named.map(({ name, result: { counts, failures } }) => [
      name,
      sum(counts),
      loadCorpus(name).entries.length,
      sum(Object.fromEntries(Object.entries(counts).filter(([kind]) => kind.startsWith('known difference')))),
      failures.length,
    ]),
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
