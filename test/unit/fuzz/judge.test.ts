import assert from 'node:assert/strict';
import type { ClientReport } from '../../fuzz/client/findings.js';
import { judgeEnd, judgeReport } from '../../fuzz/client/judge.js';
import { RunningClock } from '../../fuzz/client/running-clock.js';
import { eventually } from '../../support/eventually.js';

const report: ClientReport = {
  outcomes: {},
  failures: [],
  peakRssMiB: 100,
  peakHeapMiB: 50,
  worstDelayMs: 10,
  worstBusyMs: 10,
  cpuSeconds: 1,
};
const limits = { rssMiB: 100, heapMiB: 50, delayMs: 10 };

describe('the judgement of a client', () => {
  it('passes one within its limits', () => {
    assert.deepEqual(judgeEnd({ end: '0', stderr: '', report }), []);
    assert.deepEqual(judgeReport(report, limits), []);
  });

  for (const [what, changed] of [
    ['memory', { peakRssMiB: 101 }],
    ['heap', { peakHeapMiB: 51 }],
    ['event loop delay', { worstDelayMs: 11, worstBusyMs: 11 }],
    ['hang', { failures: ['hang: x'] }],
  ] as const)
    it(`reports its ${what}`, () => {
      const [failure, ...others] = judgeReport({ ...report, ...changed }, limits);
      assert.ok(failure?.startsWith(what), failure);
      assert.deepEqual(others, []);
    });

  it("does not take the machine's delays for the client's", () => {
    assert.deepEqual(judgeReport({ ...report, worstDelayMs: 9_000 }, limits), []);
  });

  for (const [what, end] of [
    ['hang', 'late'],
    ['crash', 'SIGABRT'],
    ['crash', '1'],
  ] as const)
    it(`reports a ${what} if it ends with ${end}`, () => {
      assert.match(judgeEnd({ end, stderr: 'why', report }).join(), new RegExp(`^${what}`));
    });

  it('reports an exit without a report', () => {
    assert.equal(judgeEnd({ end: '0', stderr: '', report: undefined }).length, 1);
  });
});

describe('the clock of a process that recovers', () => {
  it('does not count the time in which the process is blocked', async () => {
    const clock = new RunningClock();
    const blockedUntil = performance.now() + 600;
    while (performance.now() < blockedUntil);
    await eventually('the clock runs', () => clock.ms >= 100);
    assert.ok(clock.ms < 600, `${clock.ms} ms`);
    clock.stop();
  });
});
