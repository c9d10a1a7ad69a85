import assert from 'node:assert/strict';
import { ClientDiagnostics, type WatchDiagnostics, watchTopic } from '#src/diagnostics/index.js';
import { CompactedError, errorFromServer } from '#src/errors/index.js';
import type { WireRange } from '#src/model/index.js';
import { BufferUsage } from '#src/watch/buffer-usage.js';
import { WatchReporter } from '#src/watch/watch-reporter.js';
import { usePublished } from '../../support/published.js';
import { FakeWatch } from './fake-watch.js';

const lost = errorFromServer(14, 'Connection dropped');
const compacted = new CompactedError('history is compacted', 7n);

/** Calls each method of a reporter; counts the calls for what an event needs. */
function reportAll(diagnostics: ClientDiagnostics) {
  let reads = 0;
  const counted = <T>(value: T): T => {
    reads++;
    return value;
  };
  const range: WireRange = { key: Buffer.from('a'), rangeEnd: Buffer.from('b') };
  const reporter = new WatchReporter<string>(diagnostics, {
    clientWide: (number) => counted(2 * number),
    rangeOf: () => counted(range),
    downMs: () => counted(30),
  });
  const member = {
    get endpoint() {
      return counted('m0:2379');
    },
  };
  const usage = new BufferUsage({ maxBufferedEvents: 1, maxBufferedBytes: 1 });
  usage.add(3, 40);
  reporter.streamOpened(1, member);
  reporter.opened('w', { type: 'ready', watcher: 4, revision: 8n, nextRevision: 9n });
  reporter.paused('w', 4, usage);
  reporter.onStatus({ type: 'disconnected', slot: 1, attempt: 2, delayMs: 25, error: lost });
  reporter.onStatus({ type: 'reopening', slot: 1, attempt: 2, delayMs: 25 });
  reporter.onStatus({ type: 'duplicates-dropped', slot: 1, events: 5 });
  reporter.onStatus({ type: 'resumed', slot: 1, watcher: 4, fromRevision: 9n });
  reporter.resumed('w', { type: 'resumed', watcher: 4, fromRevision: 9n, cause: 'buffer-full' });
  reporter.caughtUp('w', { type: 'caught-up', watcher: 4, revision: 12n });
  reporter.ended('w', 4, compacted);
  reporter.ended('w', 5, lost);
  reporter.ended('w', 6, undefined);
  return { reads: () => reads };
}

const identity = { watcher: 8, key: 'a', rangeEnd: 'b' };
const all: readonly WatchDiagnostics[] = [
  { type: 'stream-opened', stream: 2, endpoint: 'm0:2379' },
  { type: 'opened', fromRevision: 9n, ...identity },
  { type: 'paused', bufferedEvents: 3, bufferedBytes: 40, ...identity },
  { type: 'stream-lost', stream: 2, attempt: 2, delayMs: 25, error: lost },
  { type: 'duplicates-dropped', stream: 2, events: 5 },
  { type: 'resumed', cause: 'buffer-full', fromRevision: 9n, downMs: 30, ...identity },
  { type: 'caught-up', revision: 12n, ...identity },
  { type: 'compacted', error: compacted, ...identity },
  { type: 'ended', error: compacted, ...identity },
  { type: 'ended', error: lost, ...identity, watcher: 10 },
  { type: 'ended', error: undefined, ...identity, watcher: 12 },
];

describe('what happens to the watches of a client', () => {
  describe('without a subscriber and a logger', () => {
    it('is counted, but no part of an event is built', () => {
      const diagnostics = new ClientDiagnostics({ name: 'quiet' });
      diagnostics.publish = () => assert.fail('published');
      assert.equal(reportAll(diagnostics).reads(), 0);
      const { resumes, compactions } = diagnostics.metrics().watch;
      assert.deepEqual(
        { resumes, compactions },
        {
          resumes: { 'stream-lost': 0, 'buffer-full': 1, cancelled: 0 },
          compactions: 1,
        },
      );
    });
  });

  describe('with a subscriber', () => {
    const published = usePublished(watchTopic.channel);

    it('is published, with numbers that are unique within the client', () => {
      const diagnostics = new ClientDiagnostics({ name: 'subscribed' });
      assert.notEqual(reportAll(diagnostics).reads(), 0);
      assert.deepEqual(
        published().map((event) => ({ ...event })),
        all.map((event) => ({ client: 'subscribed', ...event })),
      );
    });

    it('is published for watches with and without `requireLeader` under different numbers', async () => {
      const diagnostics = new ClientDiagnostics({ name: 'both' });
      const server = new FakeWatch(diagnostics);
      for (const requireLeader of [true, false]) {
        server.client.watch('k', { startRevision: 5n, requireLeader });
        server.last.created(9n);
      }
      assert.deepEqual(
        published().map((event) => ('watcher' in event ? `watcher ${event.watcher}` : event.type)),
        ['stream-opened', 'watcher 1', 'stream-opened', 'watcher 2'],
      );
      assert.deepEqual(
        published().flatMap((event) => (event.type === 'stream-opened' ? [event.stream] : [])),
        [1, 2],
      );
      server.client.close();
    });

    it('is published as events that were sent twice when a server sends old events again', () => {
      const diagnostics = new ClientDiagnostics({ name: 'twice' });
      const server = new FakeWatch(diagnostics);
      server.client.watch('k', { startRevision: 5n });
      const id = server.last.created(9n);
      server.last.puts(id, [10n, 11n]);
      server.last.puts(id, [10n, 11n, 12n]);
      assert.deepEqual(
        published()
          .slice(2)
          .map((event) => ({ ...event })),
        [{ client: 'twice', type: 'duplicates-dropped', stream: 1, events: 2 }],
      );
      server.client.close();
    });
  });

  describe('with a logger', () => {
    it('is logged as texts without control characters', () => {
      const lines: string[] = [];
      const logger = (level: string, text: string) => void lines.push(`${level}: ${text}`);
      reportAll(new ClientDiagnostics({ name: 'logged', logger }));
      assert.deepEqual(lines, [
        'debug: watch stream 2 is open on m0:2379',
        "debug: the watch of 'a' is live from revision 9 on",
        "info: the watch of 'a' paused: 3 events (40 bytes) wait for its reader",
        `info: watch stream 2 was lost and is opened again in 25 ms: ${lost.message}`,
        'warn: watch stream 2: 5 events were sent twice, and dropped',
        "info: the watch of 'a' resumed from revision 9 after 30 ms (buffer-full)",
        "debug: the watch of 'a' caught up at revision 12",
        `warn: the watch of 'a' ended: ${compacted.message}`,
        "debug: the watch of 'a' ended",
        `warn: the watch of 'a' ended: ${lost.message}`,
        "debug: the watch of 'a' ended",
      ]);
    });
  });
});

describe('the metrics of watches', () => {
  function setUp(...ranges: readonly string[]) {
    const diagnostics = new ClientDiagnostics({ name: 'measured' });
    const server = new FakeWatch(diagnostics);
    const [watcher] = ranges.map((range) =>
      server.client.watch(range, { startRevision: 5n, maxBufferedEvents: 2 }),
    );
    assert.ok(watcher);
    return { server, watcher, metrics: () => diagnostics.metrics().watch };
  }
  const idle = {
    watchers: 0,
    live: 0,
    streams: 0,
    lagMs: 0,
    resumes: { 'stream-lost': 0, 'buffer-full': 0, cancelled: 0 },
    compactions: 0,
    bufferedEvents: 0,
    bufferedBytes: 0,
    paused: 0,
  };

  it('count a watcher that was never live as behind since its start', () => {
    const before = performance.now();
    const { server, metrics } = setUp('k');
    const { lagMs, ...others } = metrics();
    assert.ok(lagMs > 0 && lagMs <= performance.now() - before, `${lagMs} ms`);
    assert.deepEqual({ ...others, lagMs: 0 }, { ...idle, watchers: 1, streams: 1 });
    server.client.close();
  });

  it('show no lag while all watchers are live', () => {
    const { server, metrics } = setUp('k');
    server.last.created(9n);
    assert.deepEqual(metrics(), { ...idle, watchers: 1, live: 1, streams: 1 });
    server.client.close();
    assert.deepEqual(metrics(), idle);
  });

  it('show the time since the first watcher was interrupted, also through several losses', () => {
    const { server, metrics } = setUp('k');
    server.last.created(9n);
    const before = performance.now();
    server.last.lose();
    assert.equal(metrics().streams, 0);
    server.fire();
    server.last.lose();
    const { lagMs, live } = metrics();
    assert.ok(lagMs > 0 && lagMs <= performance.now() - before, `${lagMs} ms`);
    assert.equal(live, 0);
    server.client.close();
  });

  it('count what waits for a reader, and its pause', async () => {
    const { server, watcher, metrics } = setUp('k');
    const id = server.last.created(9n);
    server.last.puts(id, [10n, 11n]);
    const waiting = { bufferedEvents: 2, bufferedBytes: 2 * 'kv'.length };
    assert.deepEqual(metrics(), { ...idle, watchers: 1, live: 1, streams: 1, ...waiting });
    server.last.puts(id, [12n]);
    const paused = metrics();
    assert.deepEqual([paused.bufferedEvents, paused.paused, paused.live], [3, 1, 0]);
    const reader = watcher[Symbol.asyncIterator]();
    await reader.next();
    await reader.next();
    const resuming = metrics();
    assert.deepEqual([resuming.bufferedEvents, resuming.bufferedBytes, resuming.paused], [0, 0, 0]);
    server.client.close();
  });
});
