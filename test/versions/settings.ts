import { parseArgs } from 'node:util';
import { integerOption } from '../sim/integer-option.js';
import { RECORD_HELP } from '../support/proof.js';
import { type MinorVersion, minorVersions } from '../support/releases.js';
import { campaigns } from './campaigns.js';

const DEFAULT_SECONDS = 25;
/** What `npm run chaos` requires for every fault to have a chance. */
const LEAST_SECONDS = 20;

const names = campaigns.map(({ name }) => name);

export const help = `npm run campaign:versions [-- options]

  --only V           only minor versions with this prefix, as 3.6; may be repeated (default: ${minorVersions.join(', ')})
  --only-campaign C  only this campaign; may be repeated (default: all)
  --seconds N        duration of a campaign that injects faults at random; the sizes of the others are in proportion
                     (default ${DEFAULT_SECONDS}, at least ${LEAST_SECONDS}; then a release takes about ten minutes, on two busy cores fifteen)
  --seed S           determines the seed of each campaign (default: random, printed)
  --output DIR       keep the output of each campaign in this folder (default: a folder in the system's temporary one)
  --resume           run only what the folder of --output has no right result of
  ${RECORD_HELP.replace('--record        ', '--record           ')}
  --help             this text

Runs other campaigns on each minor version of etcd, one after the other, and prints a table of verdicts and figures:

${campaigns.map(({ name, what }) => `  ${name.padEnd(18)} ${what}`).join('\n')}

A release is taken from ETCD_BIN, PATH or the cache (npm run etcd:build -- 3.6.16). A missing one is printed and skipped.
A campaign that is inconclusive runs once more with another seed. Some also measure times, and miss their targets on a
machine that does other work.

Exit code 0: every campaign that ran found nothing wrong, and was conclusive. 1: one found something wrong. 2: one was
inconclusive twice, nothing ran, or an option is invalid. 3: one, or this run, failed itself or exceeded its time. 130:
interrupted; no process is left running.`;

export interface VersionSettings {
  readonly minors: readonly MinorVersion[];
  readonly campaigns: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly output: string | undefined;
  readonly resume: boolean;
  readonly record: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for an unknown option or an invalid value. */
export function parseSettings(args: readonly string[]): VersionSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      'only-campaign': { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      output: { type: 'string' },
      resume: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.resume && values.output === undefined) throw new TypeError('--resume needs --output');
  return {
    minors: selectMinors(values.only),
    campaigns: selectCampaigns(values['only-campaign']),
    seconds: integerOption('--seconds', values.seconds, LEAST_SECONDS),
    seed: integerOption('--seed', values.seed, 0),
    output: values.output,
    resume: values.resume,
    record: values.record,
    help: values.help,
  };
}

function selectMinors(only: readonly string[]): MinorVersion[] {
  const selected = minorVersions.filter(
    (minor) => only.length === 0 || only.some((one) => minor.startsWith(one)),
  );
  const useless = only.find((one) => !minorVersions.some((minor) => minor.startsWith(one)));
  if (useless !== undefined)
    throw new TypeError(`--only is '${useless}'; it must be one of ${minorVersions.join(', ')}`);
  return selected;
}

function selectCampaigns(only: readonly string[]): string[] {
  const unknown = only.find((one) => !names.includes(one));
  if (unknown !== undefined)
    throw new TypeError(`--only-campaign is '${unknown}'; it must be one of ${names.join(', ')}`);
  return names.filter((name) => only.length === 0 || only.includes(name));
}
