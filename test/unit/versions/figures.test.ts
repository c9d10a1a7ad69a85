import assert from 'node:assert/strict';
import {
  callFigures,
  convergenceFigures,
  lockChaosFigures,
  lockFigures,
  namingFigures,
  robustnessFigures,
  suiteFigures,
} from '../../versions/figures.js';

describe('the figures of a campaign', () => {
  it('are the sums of the tables of chaos', () => {
    const output = `seed 3, 25 s
etcd 3.7.1; 0 revisions reported twice by a server
fault                       drawn  effective
pause-leader                    2          2
drop-answers                    3          1

operation                      ok       fail       info
delete                         79          0         14
get, serializable             612         17          0

143 ambiguous writes: 68 proven applied (20 of them after a later acknowledged write to the same key)
2241 writes on the wire, 283 batches of reads (13 failed), 0 reads refused, 1821 revisions in the truth
`;
    assert.deepEqual(callFigures(output), [
      '722 operations',
      '3 faults',
      '143 ambiguous writes',
      '1821 revisions',
    ]);
  });

  it('are faults, cases and the slowest convergence of chaos of naming', () => {
    const output = `fault                drawn effective converged after p50, p99, max (s)
kill-leader              2     2   0.51 3.90 3.90
cut-viewer-1            10     9   0.10 0.20 0.25

property                     checked
N1 views                        1200   a view equals the store at its revision
R2 closes                         12   a close deletes the record
0 violations
`;
    assert.deepEqual(namingFigures(output), ['11 faults', '1212 cases checked', 'converged within 3.90 s']);
  });

  it('are the grants and effective faults of chaos of locks', () => {
    const output = `faults, injected/effective
pause-leader                       2/1
of processes and keys       go/lock ours/election     ours/lock
kill                            1/1           2/2           1/0

                               go/lock ours/election     ours/lock
requests                            50            40            90
acquired                            40            31            82

`;
    assert.deepEqual(lockChaosFigures(output), ['31 elections won', '82 locks won', '4 faults']);
  });

  it('are the rounds, the slowest and the missed targets of convergence', () => {
    const output = `ok     reset of all connections, from the reset
       10 rounds: min 0.06 s, median 0.12 s, p99 0.15 s, max 0.15 s (target 2.00 s); 0 rounds with a wrong history
MISSED outage of 5 to 10 s, all members blackholed, from heal
       10 rounds: min 4.97 s, median 7.18 s, p99 9.96 s, max 9.96 s (target 5.00 s); 1 rounds with a wrong history
`;
    assert.deepEqual(convergenceFigures(output), [
      '20 rounds of 2 faults',
      'slowest 9.96 s',
      '1 wrong histories',
      '1 targets missed',
    ]);
  });

  it('are the increments of the lock campaign, if it printed its table', () => {
    const cells = 'ours → go: 14 increments, 0 violations\ngo → ours: 13 increments, 1 violations\n';
    assert.equal(lockFigures(cells), undefined);
    assert.deepEqual(lockFigures(`${cells}\n| Holder \\ waiter | ours |`), [
      '2 pairs',
      '27 increments',
      '1 violations',
    ]);
  });

  it("are the traffic, the effective faults and the validators' result of robustness", () => {
    const output = `run 1 of 1: etcd 3.6.16, seed 1, 25 s
5012 operations, 90 of unknown outcome, 2417 revisions
  put 900 +12 unknown, range 100
30 watches, 9000 events in 400 batches; resumed 12 times by the library, continued 3 times at a checkpoint
faults with an effect:
  kill-leader 2/3, drop-answers 1/1
judged in 3.1 s: linearization valid, watch valid, serializable valid

1 of 1 runs are valid
`;
    assert.deepEqual(robustnessFigures(output), [
      '5012 operations',
      '3 faults',
      '90 of unknown outcome',
      '2417 revisions',
      '1 of 1 runs are valid',
    ]);
  });

  it('are the last counts of a suite, and none if no test passed', () => {
    assert.deepEqual(suiteFigures('3 passed, 0 failed, 0 skipped\n\n288 passed, 1 failed, 2 skipped\n'), [
      '288 tests',
      '1 failed',
      '2 skipped',
    ]);
    assert.equal(suiteFigures('\n0 passed, 0 failed, 40 skipped\n'), undefined);
  });

  it('do not exist in an output without a result', () => {
    const all = [callFigures, namingFigures, lockChaosFigures, convergenceFigures, lockFigures, suiteFigures];
    for (const figuresOf of all) assert.equal(figuresOf('seed 1, 25 s\nError: no etcd\n'), undefined);
  });
});
