import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaigns } from '../../versions/campaigns.js';
import { type MatrixPlan, programOf, runMatrix } from '../../versions/matrix.js';
import type { ProgramEnd, ProgramRun } from '../../versions/program.js';
import { SavedCells } from '../../versions/saved-cells.js';
import { parseSettings } from '../../versions/settings.js';
import { formatTable, toTable } from '../../versions/table.js';

const release = { minor: '3.6', version: '3.6.16', etcd: '/nowhere/etcd' } as const;
const chaos = campaigns.filter(({ name }) => name === 'chaos');

describe('the version matrix', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'versions-test-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A matrix whose campaigns have these exit codes, one after the other. */
  function planned(codes: readonly number[], overrides: Partial<MatrixPlan> = {}) {
    const runs: ProgramRun[] = [];
    const lines: string[] = [];
    const run = (one: ProgramRun): Promise<ProgramEnd> => {
      runs.push(one);
      const output = '60 rounds: min 0 s, max 1.00 s (target 2 s); 0 rounds with a wrong history';
      return Promise.resolve({ code: codes[runs.length - 1], output, timedOut: false, durationMs: 1 });
    };
    const figures = (output: string) => [output.slice(0, 9)];
    const plan: MatrixPlan = {
      ...{ releases: [release], campaigns: chaos.map((one) => ({ ...one, figures })), seconds: 20, seed: 5 },
      ...{ output: folder, saved: new SavedCells(folder, false), signal: new AbortController().signal, run },
      progress: (line) => lines.push(line),
      ...overrides,
    };
    return { plan, runs, lines };
  }

  it('runs a campaign on the release that ETCD_BIN names', async () => {
    const { plan, runs } = planned([0]);
    const cells = await runMatrix(plan);
    assert.deepEqual(runs[0]?.args, ['build/test/chaos/main.js', '--seconds', '20', '--seed', '5']);
    assert.equal(runs[0]?.env['ETCD_BIN'], '/nowhere/etcd');
    assert.equal(cells[0]?.command, 'npm run chaos -- --seconds 20 --seed 5');
    assert.equal(
      formatTable(toTable(cells)),
      '| Campaign | 3.6.16 |\n| --- | --- |\n| chaos | ok: 60 rounds |',
    );
  });

  it('runs again only what an earlier run has no right result of', async () => {
    await runMatrix(planned([0]).plan);
    const resumed = planned([0], { saved: new SavedCells(folder, true) });
    const [cell] = await runMatrix(resumed.plan);
    assert.deepEqual([resumed.runs.length, cell?.verdict], [0, 'ok']);
    await runMatrix(planned([1]).plan);
    const repeated = planned([0], { saved: new SavedCells(folder, true) });
    assert.deepEqual([(await runMatrix(repeated.plan))[0]?.verdict, repeated.runs.length], ['ok', 1]);
    assert.throws(() => parseSettings(['--resume']), /--resume needs --output/);
  });

  it('runs an inconclusive campaign once more with another seed, and says so', async () => {
    const { plan, runs, lines } = planned([2, 0]);
    const cells = await runMatrix(plan);
    assert.deepEqual(runs[1]?.args.slice(-1), ['1005']);
    assert.ok(lines.some((line) => line.endsWith('again with seed 1005')));
    assert.match(formatTable(toTable(cells)), /\| ok \(second seed\): 60 rounds \|$/);
  });

  it('does not repeat what was inconclusive twice, or has found something wrong', async () => {
    for (const [codes, verdict] of [
      [[2, 2, 0], 'inconclusive'],
      [[1, 0], 'wrong'],
    ] as const) {
      const cells = await runMatrix(planned(codes).plan);
      assert.deepEqual(
        cells.map((cell) => cell.verdict),
        [verdict],
      );
    }
  });

  it('ends with the reason of the interruption', async () => {
    const reason = new Error('interrupted');
    const { plan } = planned([0], { signal: AbortSignal.abort(reason) });
    await assert.rejects(runMatrix(plan), reason);
  });

  it('knows the program of each campaign', () => {
    for (const { script } of campaigns) assert.match(programOf(script), /\.m?js$/);
    assert.throws(() => programOf('format'), /does not end with a program/);
  });

  it('selects releases and campaigns, and refuses what it does not know', () => {
    const { minors, campaigns: selected } = parseSettings(['--only', '3.6', '--only-campaign', 'chaos']);
    assert.deepEqual({ minors, selected }, { minors: ['3.6'], selected: ['chaos'] });
    for (const args of [['--only', '4'], ['--only-campaign', 'x'], ['--seconds', '3'], ['--fast']])
      assert.throws(() => parseSettings(args), TypeError, args.join(' '));
  });
});
