import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdClient } from '#src/index.js';
import { startEtcd } from '#src/testing/index.js';
import { saveModel } from '../history/index.js';
import { type Judgement, judge } from '../judge.js';
import { recordSample, type Sample } from './sample.js';
import { VARIANTS, type Variant } from './variants.js';

export interface SelfCheckResult {
  readonly name: string;
  readonly expected: Variant['expected'];
  /** What the judge found, as text: `valid`, violations, or why it could not judge. */
  readonly found: string;
  readonly passed: boolean;
}

export interface SelfCheckOptions {
  /** The release of etcd. Default: that of the test kit. */
  readonly version?: string;
  readonly signal?: AbortSignal;
}

/**
 * Whether the judge can be trusted: it must accept a correct history of a real etcd and refuse each corruption of it, by
 * the validator named beforehand. `program` is from `buildJudge`. Takes seconds.
 */
export async function selfCheck(program: string, options: SelfCheckOptions = {}): Promise<SelfCheckResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'robustness-self-check-'));
  try {
    const members = join(folder, 'members');
    const sample = await makeSample(members, options);
    const results: SelfCheckResult[] = [];
    for (const [index, variant] of VARIANTS.entries()) {
      const own = join(folder, String(index));
      await saveModel(own, Object.values(variant.edit(sample)));
      await symlink(members, join(own, 'server-1'));
      results.push(toResult(variant, await judge(program, own, options)));
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The data folder of the etcd is `members`. */
async function makeSample(members: string, { version, signal }: SelfCheckOptions): Promise<Sample> {
  const etcd = await startEtcd({
    args: ['--data-dir', members],
    ...(version === undefined ? {} : { version }),
    ...(signal ? { signal } : {}),
  });
  try {
    const client = new EtcdClient(etcd.clientOptions);
    try {
      return await recordSample(client);
    } finally {
      await client.close();
    }
  } finally {
    await etcd.close();
  }
}

function toResult({ name, expected }: Variant, judgement: Judgement): SelfCheckResult {
  const passed =
    judgement.verdict === 'invalid'
      ? judgement.violations.length === 1 && judgement.violations[0] === expected
      : judgement.verdict === expected;
  return { name, expected, found: describe(judgement), passed };
}

function describe(judgement: Judgement): string {
  switch (judgement.verdict) {
    case 'valid':
      return 'valid';
    case 'invalid':
      return judgement.violations.join(', ');
    case 'not-judged':
      return `not judged: ${judgement.reason}`;
  }
}
