import assert from 'node:assert/strict';
import { factsOf } from '../../../chaos/lock/history.js';
import type { Report } from '../../../chaos/lock/messages.js';
import { Recorder, type Reporter } from '../../../chaos/lock/recorder.js';

const reporterOf = (system: 'ours' | 'go', role: 'lock' | 'election' | 'observer' = 'lock'): Reporter => ({
  ...{ name: 'l-0', incarnation: 'l-0.0', config: { system, role } },
});

function record(reports: readonly Report[], reporter = reporterOf('ours')) {
  const recorder = new Recorder({ ttlMs: 3_000, noticeMs: 5_000 });
  for (const report of reports) recorder.onReport(reporter, report);
  return { recorder, requests: factsOf(recorder.end(), 'request') };
}

const waiting: Report = { type: 'waiting', request: 3, name: 'n', at: 1 };
const queued = (key: string, at = 2): Report => ({ type: 'queued', request: 3, key, at });
const acquired: Report = {
  type: 'acquired',
  request: 3,
  key: 'n/1f',
  lease: '31',
  token: '7',
  at: 3,
  until: 9,
};

describe('the recorder of a chaos run of locks', () => {
  it('makes one fact of the reports of a request', () => {
    const { requests } = record([
      waiting,
      queued('n/1f'),
      acquired,
      { type: 'wrote', request: 3, value: 'v', at: 4, outcome: 'applied' },
      { type: 'releasing', request: 3, at: 5 },
      { type: 'released', request: 3, at: 6 },
    ]);
    const [request] = requests;
    assert.equal(request?.id, 'l-0.0/3');
    assert.deepEqual(request.keys, [{ key: 'n/1f', at: 2 }]);
    const { lease, token, writes, releasingAt, released } = request.holding ?? assert.fail();
    assert.deepEqual([lease, token, writes.length, releasingAt, released?.at], [31n, 7n, 1, 5, 6]);
  });

  it('takes only new keys of the queue for places, and none after its end', () => {
    const { requests } = record([
      waiting,
      queued('n/1f'),
      queued('log/n'),
      queued('n/1f', 4),
      queued('n/2', 5),
    ]);
    assert.deepEqual(
      requests[0]?.keys.map(({ key }) => key),
      ['n/1f', 'n/2'],
    );
  });

  it('has the open requests of a process, for the choice of its faults', () => {
    const { recorder } = record([waiting]);
    assert.equal(recorder.openOf('l-0.0').length, 1);
    recorder.onReport(reporterOf('ours'), { type: 'failed', request: 3, at: 2, error: 'DeadlineError' });
    assert.equal(recorder.openOf('l-0.0').length, 0);
  });

  it('has what an observer saw last', () => {
    const { recorder } = record([], reporterOf('ours', 'observer'));
    const leader = { key: 'n/1', value: 'v', createRevision: '2', modRevision: '3' };
    recorder.onReport(reporterOf('ours', 'observer'), { type: 'observed', name: 'n', at: 1, leader });
    recorder.onReport(reporterOf('ours', 'observer'), { type: 'observing', name: 'n', at: 2 });
    const seen = { key: 'n/1', value: 'v', createRevision: 2n, modRevision: 3n };
    assert.deepEqual(recorder.viewOf('l-0.0', 'n')?.saw, seen);
  });

  it('refuses reports that no worker can make', () => {
    assert.throws(() => record([queued('n/1')]), /unknown request/);
    assert.throws(
      () => record([waiting, { type: 'releasing', request: 3, at: 2 }]),
      /before it was acquired/,
    );
  });
});
