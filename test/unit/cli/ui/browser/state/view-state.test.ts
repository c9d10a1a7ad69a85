import assert from 'node:assert/strict';
import type { StatusMessage } from '#src/cli/ui/protocol/index.js';
import { viewStateText } from '#ui/browser/shell/view-state-text.js';
import { type Observation, viewState } from '#ui/browser/state/view-state.js';

const now = 100_000;
const live: Observation = {
  connected: true,
  receivedAt: 99_000,
  status: { type: 'status', etcd: 'live', confirmedMsAgo: 0, now: 0 },
  statusAt: 99_000,
  complete: true,
  resumes: false,
  confirmedAt: 98_000,
};

function status(change: Partial<StatusMessage>): StatusMessage {
  return { type: 'status', etcd: 'live', now: 0, ...change };
}

function texts(observation: Observation, endpoints?: readonly string[]): string {
  const { summary, detail, error } = viewStateText(viewState(observation, now), () => 0, 0, endpoints);
  return `${summary}: ${detail.replace(/\d\d:\d\d:\d\d/, 'TIME')}${error ? ` (${error})` : ''}`;
}

describe('the state of the view', () => {
  it('is live only when all was received and etcd is there', () => {
    assert.deepEqual(viewState(live, now), { kind: 'live', confirmedMs: 2_000 });
    const others: Partial<Observation>[] = [
      { connected: false },
      { complete: false },
      { confirmedAt: undefined },
      { status: undefined },
      { status: status({ etcd: 'away' }) },
      { status: status({ etcd: 'refused' }) },
      { status: status({ etcd: 'starting' }) },
    ];
    for (const change of others) assert.notEqual(viewState({ ...live, ...change }, now).kind, 'live');
  });

  it('counts the time without etcd from the status', () => {
    const away = status({ etcd: 'away', awayMs: 5_000, error: 'refused\u202e' });
    assert.deepEqual(viewState({ ...live, status: away }, now), {
      kind: 'away',
      forMs: 6_000,
      asOf: 98_000,
      error: 'refused\u202e',
    });
  });

  it('has a text for each, with the time of what is shown', () => {
    const away = status({ etcd: 'away', awayMs: 5_000, error: 'refused\u202e' });
    assert.equal(texts(live), 'Live: confirmed 2 s ago');
    assert.equal(texts({ ...live, complete: false }), 'Loading: showing the state of TIME');
    assert.equal(
      texts({ ...live, status: away }),
      'etcd is away: for 6 s; showing the state of TIME (refused\\u202e)',
    );
    assert.equal(
      texts({ ...live, status: status({ etcd: 'refused', error: 'no' }) }),
      'etcd refuses the read: changes since TIME may be missing (no)',
    );
    assert.equal(
      texts({ ...live, connected: false }),
      'No connection to the command: for 1 s; showing the state of TIME',
    );
    assert.equal(texts({ ...live, status: undefined }), 'Connecting: to the command for 1 s');
    assert.equal(
      texts({ ...live, status: status({ etcd: 'starting' }) }),
      'Loading: the command lists the records',
    );
  });

  it('does not claim a time when nothing was received', () => {
    const nothing = { ...live, confirmedAt: undefined, status: status({ etcd: 'away' }) };
    assert.equal(texts(nothing), 'etcd is away: for 1 s; nothing has been received yet');
    assert.equal(
      texts(nothing, ['127.0.0.1:2379']),
      'No etcd answers at 127.0.0.1:2379: for 1 s; nothing has been received yet',
    );
    assert.match(texts(nothing, ['a:1', 'b:1', 'c:1']), /^No etcd answers at a:1 or 2 other addresses:/);
    assert.match(texts({ ...nothing, confirmedAt: 1 }, ['a:1']), /^etcd is away:/);
  });
});
