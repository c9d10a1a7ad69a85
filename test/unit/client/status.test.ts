import assert from 'node:assert/strict';
import { type StatusEvent, StatusFeed } from '#src/client/status.js';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import { Code, errorFromServer } from '#src/errors/index.js';
import { FakeClock } from '../lease/fakes.js';

function setUp() {
  const clock = new FakeClock();
  const feed = new StatusFeed(clock, new ClientDiagnostics({ name: 'test' }));
  const events = feed.subscribe(undefined);
  const loseStream = (attempt: number, slot = 1) =>
    feed.onWatchStream({
      type: 'disconnected',
      slot,
      attempt,
      delayMs: 25,
      error: errorFromServer(Code.UNAVAILABLE, 'Connection dropped'),
    });
  const resume = (watcher = 1, slot = 1) =>
    feed.onWatchStream({ type: 'resumed', slot, watcher, fromRevision: 7n });
  /** The outages of the resumed streams so far. */
  const outagesMs = async (): Promise<number[]> => {
    feed.close();
    const found: StatusEvent[] = [];
    for await (const event of events) found.push(event);
    return found.flatMap((event) => (event.type === 'resumed' ? [event.downMs] : []));
  };
  return { clock, loseStream, resume, outagesMs };
}

describe('the outage of a watch stream', () => {
  it('counts from its own loss, even if the stream was lost again before it was stable', async () => {
    const { clock, loseStream, resume, outagesMs } = setUp();
    for (let attempt = 1; attempt <= 4; attempt++) {
      loseStream(attempt);
      clock.advance(50);
      resume();
      clock.advance(5_000);
    }
    assert.deepEqual(await outagesMs(), [50, 50, 50, 50]);
  });

  it('counts from the first loss, regardless of the number of attempts', async () => {
    const { clock, loseStream, resume, outagesMs } = setUp();
    for (let attempt = 1; attempt <= 3; attempt++) {
      loseStream(attempt);
      clock.advance(100);
    }
    resume();
    assert.deepEqual(await outagesMs(), [300]);
  });

  it('counts for each of its watchers', async () => {
    const { clock, loseStream, resume, outagesMs } = setUp();
    loseStream(1);
    clock.advance(50);
    resume(1);
    clock.advance(10);
    resume(2);
    assert.deepEqual(await outagesMs(), [50, 60]);
  });

  it('does not include an earlier outage without watchers', async () => {
    const { clock, loseStream, resume, outagesMs } = setUp();
    loseStream(1);
    clock.advance(3_600_000);
    loseStream(1);
    clock.advance(50);
    resume();
    assert.deepEqual(await outagesMs(), [50]);
  });
});
