import assert from 'node:assert/strict';
import type { EtcdState } from '#src/cli/ui/protocol/index.js';
import {
  observeChange,
  observeConnection,
  observeIncomplete,
  observeLoss,
  observeSnapshot,
  observeStatus,
  omitted,
  serverTime,
  viewStatus,
} from '#ui/browser/state/observed.js';

function status(etcd: EtcdState, confirmedMsAgo: number | undefined = 0): void {
  observeStatus({ type: 'status', etcd, confirmedMsAgo, now: 1_000_000 });
}

const kind = () => viewStatus.value.kind;

/** When what is shown was current, in milliseconds before now. */
function age(): number {
  const state = viewStatus.value;
  assert.ok('asOf' in state && state.asOf !== undefined, state.kind);
  return Math.round((performance.now() - state.asOf) / 1_000);
}

// The tests continue one another: the page has one state.
describe('the observed state of the view', () => {
  it('is not live before the first snapshot is complete', () => {
    assert.equal(kind(), 'connecting');
    observeConnection(false);
    assert.equal(kind(), 'connecting');
    status('live');
    assert.equal(kind(), 'loading');
    observeIncomplete();
    status('live');
    assert.equal(kind(), 'loading');
    observeSnapshot();
    assert.equal(kind(), 'live');
  });

  it('is not live while a snapshot replaces what is shown', () => {
    observeIncomplete();
    observeChange();
    status('live');
    assert.equal(kind(), 'loading');
    observeSnapshot();
    assert.equal(kind(), 'live');
  });

  it('is live again on a resumed stream when a status follows what was missed', () => {
    observeLoss();
    assert.equal(kind(), 'disconnected');
    observeConnection(true);
    assert.equal(kind(), 'loading');
    observeChange();
    assert.equal(kind(), 'loading');
    status('live');
    assert.equal(kind(), 'live');
  });

  it('is not live on a new stream that begins with a status', () => {
    observeLoss();
    observeConnection(false);
    status('live');
    assert.equal(kind(), 'loading');
    observeIncomplete();
    observeSnapshot();
    assert.equal(kind(), 'live');
  });

  it('is not live on a stream that resumes with a snapshot', () => {
    observeLoss();
    observeConnection(true);
    observeIncomplete();
    status('live');
    assert.equal(kind(), 'loading');
    observeSnapshot();
    assert.equal(kind(), 'live');
  });

  it('is as old as the command says, also for a snapshot that is sent while etcd is away', () => {
    status('away', 20_000);
    assert.equal(kind(), 'away');
    assert.equal(age(), 20);
    observeIncomplete();
    observeSnapshot();
    assert.equal(age(), 20);
  });

  it('has the number of records that are not shown', () => {
    observeStatus({ type: 'status', etcd: 'live', confirmedMsAgo: 0, now: 1_000_000, omitted: 2 });
    assert.equal(omitted.value, 2);
    status('live');
    assert.equal(omitted.value, 0);
  });

  it('uses the wall clock of the command', () => {
    status('live');
    const now = serverTime(performance.now());
    assert.ok(now >= 1_000_000 && now < 1_010_000, String(now));
  });
});
