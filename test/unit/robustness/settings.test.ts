import assert from 'node:assert/strict';
import { flagsFor } from '../../robustness/cluster.js';
import { parseSettings } from '../../robustness/settings.js';

describe('the options of npm run robustness', () => {
  it('are one run of 60 s of the newest release by default', () => {
    const { seconds, runs, releases, mutants, record } = parseSettings([]);
    assert.deepEqual(
      { seconds, runs, releases, mutants, record },
      {
        ...{ seconds: 60, runs: 1, releases: [], mutants: [], record: false },
      },
    );
  });

  it('are only the broken clients with --mutants, and both with --runs', () => {
    assert.equal(parseSettings(['--mutants']).runs, 0);
    const { runs, mutants, releases } = parseSettings([
      ...['--mutants', '--runs', '7', '--etcd', '3.5.35', '--etcd', '3.7.1'],
    ]);
    assert.deepEqual([runs, releases, mutants.length], [7, ['3.5.35', '3.7.1'], 3]);
  });

  for (const wrong of [
    ['--etcd', '3.3.27'],
    ['--etcd', 'latest'],
    ['--mutant', 'other'],
    ['--runs', '0'],
    ['--seconds', '5'],
    ['--self-check', '--record'],
    ['--self-check', '--runs', '2'],
    ['--self-check', '--mutants'],
    ['--mutants', '--mutant', 'split'],
    ['--fast'],
    ['word'],
  ])
    it(`refuse ${wrong.join(' ')}`, () => assert.throws(() => parseSettings(wrong), TypeError));
});

describe("the flags of a robustness cluster's members", () => {
  for (const [version, flag] of [
    ['3.4.23', '--experimental-watch-progress-notify-interval'],
    ['3.5.35', '--experimental-watch-progress-notify-interval'],
    ['3.6.16', '--watch-progress-notify-interval'],
    ['3.7.1', '--watch-progress-notify-interval'],
  ] as const)
    it(`name the interval of progress as etcd ${version} does`, () => {
      assert.ok(flagsFor(version).includes(flag));
    });
});
