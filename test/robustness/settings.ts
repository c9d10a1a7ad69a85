import { parseArgs } from 'node:util';
import { integerOption } from '../sim/integer-option.js';
import { RECORD_HELP } from '../support/proof.js';
import { type MutantName, mutantNames } from './mutants/catalogue.js';

export const help = `npm run robustness -- [options]

Breaks a real cluster of three while clients of the library write, read, compact and watch, and has etcd's own
robustness validators judge what they observed against the members' logs. Needs Linux, Go and a built etcd
(npm run etcd:build -- 3.7.1).

  --seconds N     duration of the traffic of a run (default 60; at least 10); longer if a fault had no effect yet
  --seed S        determines operations, watches and faults of the first run; each further run adds 1 (default: random,
                  printed)
  --etcd V        the release: 3.4.x to 3.7.x; may be repeated (default: the newest in the cache)
  --runs R        runs of each release (default 1; 0 only with --mutants)
  --mutant NAME   run one broken client instead: ${mutantNames.join(', ')}
  --mutants       after the runs, run the broken clients; without --runs, only these
  --keep          keep the histories and the members' data of all runs; those of a violation are always kept
  --self-check    judge handmade histories, valid and wrong ones, instead of traffic
  ${RECORD_HELP}
  --help          this text

A broken client must be caught by the validator that is named for it, in one of three runs: cursor by 'reliable', resend by
'linearization', split by 'atomic'. Otherwise the campaign is void.

Exit code 0: every validator was satisfied with every run, no run was vacuous, and every broken client was caught.
1: a validator found a violation, or the campaign is void; with --self-check, the judge is wrong. 2: nothing is proven:
a run was vacuous (few operations, a kind of them that mostly failed, no write of unknown outcome, no resumed watch, a kind
of watch without events, a fault without effect), there is no Go, or an option is wrong. 3: a run failed, or could not be
judged. 130: interrupted; what earlier runs found is printed, and no process is left.`;

export interface Settings {
  readonly seconds: number;
  readonly seed: number;
  /** Empty: the newest that is in the cache. */
  readonly releases: readonly string[];
  /** Of each release. */
  readonly runs: number;
  readonly mutants: readonly MutantName[];
  readonly keep: boolean;
  readonly selfCheck: boolean;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for an unknown option or an invalid value. */
export function parseSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      etcd: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
      mutant: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      'self-check': { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (
    values['self-check'] &&
    (values.record || values.mutants || (values.mutant ?? values.runs) !== undefined)
  )
    throw new TypeError(
      '--self-check judges no traffic: it excludes --record, --runs, --mutant and --mutants',
    );
  if (values.mutants && values.mutant !== undefined)
    throw new TypeError('--mutants runs all broken clients: it excludes --mutant');
  const mutants = values.mutants
    ? mutantNames
    : values.mutant === undefined
      ? []
      : [parseMutant(values.mutant)];
  return {
    seconds: integerOption('--seconds', values.seconds, 10),
    seed: values.seed === undefined ? randomSeed() : integerOption('--seed', values.seed, 0),
    releases: values.etcd.map(parseRelease),
    runs: parseRuns(values.runs, mutants.length > 0),
    mutants,
    keep: values.keep,
    selfCheck: values['self-check'],
    record: values.record,
    help: values.help,
  };
}

function parseRuns(text: string | undefined, hasMutants: boolean): number {
  if (text === undefined) return hasMutants ? 0 : 1;
  return integerOption('--runs', text, hasMutants ? 0 : 1);
}

function parseMutant(text: string): MutantName {
  const known = mutantNames.find((name) => name === text);
  if (known === undefined)
    throw new TypeError(`--mutant is '${text}'; it must be one of ${mutantNames.join(', ')}`);
  return known;
}

function parseRelease(text: string): string {
  if (!/^3\.[4567]\.\d+$/.test(text))
    throw new TypeError(`--etcd is '${text}'; it must be a release such as 3.4.23, 3.5.35, 3.6.16 or 3.7.1`);
  return text;
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
