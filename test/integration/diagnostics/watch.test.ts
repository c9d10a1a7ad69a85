import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { ClientDiagnostics, diagnosticsChannels, type WatchDiagnostics } from '#src/diagnostics/index.js';
import { CompactedError, PermissionDeniedError, RolledBackError } from '#src/errors/index.js';
import type { WatchEvent } from '#src/model/index.js';
import type { WatchBatch, Watcher } from '#src/watch/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, fill, folderOf, useClients } from '../client/support.js';

/** The types of the events in order; of the same type in a row, one. */
const sequence = (events: readonly WatchDiagnostics[]) =>
  events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
const isOfWatcher = ({ type }: WatchDiagnostics) => !/^stream-|^duplicates/.test(type);
const noResumes = { 'stream-lost': 0, 'buffer-full': 0, cancelled: 0 };

function find<T extends WatchDiagnostics['type']>(events: readonly WatchDiagnostics[], type: T) {
  const found = events.findLast((event) => event.type === type);
  assert.ok(found, `no event '${type}'`);
  return found as WatchDiagnostics & { readonly type: T };
}

/** Reads the watcher's batches until one has the key. */
async function readUntil(watcher: Watcher, key: string): Promise<WatchEvent[]> {
  const received: WatchEvent[] = [];
  for await (const { events } of watcher as AsyncIterable<WatchBatch>) {
    received.push(...events);
    if (events.some(({ kv }) => kv.key.toString() === key)) break;
  }
  return received;
}

describe('the diagnostics of a watch', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const published = usePublished(diagnosticsChannels.watch);
  let client: EtcdClient;
  const events = () => published(client);
  let folder: string;

  beforeEach(function () {
    skipUnlessBreakable(this, etcd());
    client = connect(etcd().endpoints);
    folder = folderOf(etcd());
  });

  describe('through a restart of etcd', () => {
    it('show the loss of the stream, and the resumption with its cause and duration', async () => {
      const watcher = client.watch({ prefix: folder });
      const ready = await watcher.ready;
      const opened = find(events(), 'opened');
      assert.deepEqual([opened.key, opened.fromRevision], [folder, ready + 1n]);
      assert.equal(find(events(), 'stream-opened').endpoint, etcd().endpoints[0]);
      const live = client.metrics().watch;
      assert.deepEqual([live.watchers, live.live, live.streams, live.lagMs], [1, 1, 1, 0]);

      const before = performance.now();
      await etcd().kill();
      await eventually('the loss is published', () => events().some(({ type }) => type === 'stream-lost'));
      const down = client.metrics().watch;
      assert.deepEqual([down.watchers, down.live, down.streams], [1, 0, 0]);
      assert.ok(down.lagMs > 0 && down.lagMs < performance.now() - before, `${down.lagMs} ms`);
      await etcd().restart();
      await eventually('the watch is live', () => watcher.live);

      assert.deepEqual(sequence(events()), [
        'stream-opened',
        'opened',
        'stream-lost',
        'stream-opened',
        'resumed',
      ]);
      const { cause, downMs, fromRevision, key, watcher: number } = find(events(), 'resumed');
      assert.deepEqual(
        [cause, fromRevision, key, number],
        ['stream-lost', ready + 1n, folder, opened.watcher],
      );
      assert.ok(downMs >= down.lagMs && downMs < performance.now() - before, `${downMs} ms`);
      const { stream, attempt, delayMs, error } = find(events(), 'stream-lost');
      assert.ok(attempt >= 1 && delayMs >= 0 && error.message.length > 0);
      assert.equal(stream, find(events(), 'stream-opened').stream);
      const again = client.metrics().watch;
      assert.deepEqual([again.live, again.streams, again.lagMs], [1, 1, 0]);
      assert.deepEqual(again.resumes, { ...noResumes, 'stream-lost': 1 });

      await watcher.close();
      assert.equal(find(events(), 'ended').error, undefined);
      assert.equal(client.metrics().watch.watchers, 0);
    });
  });

  describe('whose reader is slow', () => {
    it('show each pause and each resumption, and what waits for the reader', async () => {
      const watcher = client.watch({ prefix: folder }, { maxBufferedEvents: 50 });
      await watcher.ready;
      await fill(client, folder, 400);
      await eventually('the watch is paused', () => events().some(({ type }) => type === 'paused'));
      const { bufferedEvents, bufferedBytes } = find(events(), 'paused');
      assert.ok(bufferedEvents > 50, `${bufferedEvents} events`);
      assert.ok(bufferedBytes > bufferedEvents * folder.length, `${bufferedBytes} bytes`);
      const paused = client.metrics().watch;
      assert.deepEqual([paused.paused, paused.live], [1, 0]);
      assert.ok(paused.bufferedEvents >= bufferedEvents && paused.bufferedBytes >= bufferedBytes);
      assert.ok(paused.lagMs > 0);

      await client.kv.put(`${folder}last`, 'v');
      const received = await readUntil(watcher, `${folder}last`);
      assert.equal(received.length, 401);
      const types = events()
        .filter(isOfWatcher)
        .map(({ type }) => type);
      assert.match(types.join(' '), /^opened( paused( caught-up)?( resumed)?)+( caught-up)? ended$/);
      const resumed = events().filter((event) => event.type === 'resumed');
      assert.ok(resumed.length > 0 && resumed.every(({ cause }) => cause === 'buffer-full'));
      const { resumes, bufferedEvents: left } = client.metrics().watch;
      assert.deepEqual(resumes, { ...noResumes, 'buffer-full': resumed.length });
      assert.equal(left, 0);
    });

    it('show that its history was compacted', async () => {
      const watcher = client.watch({ prefix: folder }, { maxBufferedEvents: 50 });
      await watcher.ready;
      await fill(client, folder, 200);
      await eventually(
        'the watch is cancelled on the server',
        async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === 0,
      );
      await fill(client, folder, 200);
      await etcd().compact();
      await assert.rejects(readUntil(watcher, 'never'), CompactedError);
      const types = events()
        .filter(isOfWatcher)
        .map(({ type }) => type);
      assert.deepEqual(types, ['opened', 'paused', 'resumed', 'compacted', 'ended']); // etcd acknowledges it first
      const { error, key } = find(events(), 'compacted');
      assert.ok(error instanceof CompactedError);
      assert.equal(find(events(), 'ended').error, error);
      assert.equal(key, folder);
      const { compactions, watchers, resumes } = client.metrics().watch;
      assert.deepEqual({ compactions, watchers }, { compactions: 1, watchers: 0 });
      assert.deepEqual(resumes, { ...noResumes, 'buffer-full': 1 });
    });
  });

  it('show when a watch that was far behind has caught up', async () => {
    const first = await fill(client, folder, 1_100);
    const watcher = client.watch({ prefix: folder }, { startRevision: first });
    const reading = readUntil(watcher, `${folder}last`);
    await eventually('it has caught up', () => events().some(({ type }) => type === 'caught-up'));
    const { revision } = find(events(), 'caught-up');
    assert.ok(revision >= first + 1_099n, `at ${revision}, from ${first}`);
    await client.kv.put(`${folder}last`, 'v');
    await reading;
    assert.deepEqual(sequence(events().filter(isOfWatcher)), ['opened', 'caught-up', 'ended']);
    assert.equal(find(events(), 'opened').fromRevision, first);
    assert.deepEqual(client.metrics().watch.resumes, noResumes);
  });

  it('of a namespace have the keys of the server', async () => {
    const namespace = client.namespace(folder);
    const watchers = [
      namespace.watch('a'),
      namespace.watch({ prefix: 'p/' }),
      client.watch({ fromKey: folder }),
    ];
    await Promise.all(watchers.map(({ ready }) => ready));
    const opened = events().flatMap((event) => (event.type === 'opened' ? [event] : []));
    assert.deepEqual(
      opened.map(({ key, rangeEnd }) => [key, rangeEnd]).sort(),
      [
        [folder, '\0'],
        [`${folder}p/`, `${folder}p0`],
        [`${folder}a`, undefined],
      ].sort(),
    );
    assert.equal(new Set(opened.map(({ watcher }) => watcher)).size, 3);
  });

  it('show the loss of a wiped store as the end of the watch', async () => {
    await fill(client, folder, 30);
    const watcher = client.watch({ prefix: folder });
    await watcher.ready;
    await etcd().wipe();
    await assert.rejects(readUntil(watcher, 'never'), RolledBackError);
    assert.ok(find(events(), 'ended').error instanceof RolledBackError);
    const { watchers, compactions } = client.metrics().watch;
    assert.deepEqual([watchers, compactions], [0, 0]);
  });

  it('show as lag how long etcd has not answered since the start', async () => {
    const link = await proxy(etcd());
    link.refuse();
    const far = connect([link.endpoint]);
    const before = performance.now();
    const watcher = far.watch({ prefix: folder }, { startRevision: 1n });
    await eventually('it is behind', () => far.metrics().watch.lagMs > 20);
    const { watchers, live, lagMs } = far.metrics().watch;
    assert.deepEqual([watchers, live], [1, 0]);
    assert.ok(lagMs <= performance.now() - before, `${lagMs} ms`);
    link.heal();
    await watcher.ready;
    assert.equal(far.metrics().watch.lagMs, 0);
  });
});

describe('a watch and a mirror without a subscriber to their diagnostics', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const { publish } = ClientDiagnostics.prototype;

  afterEach(() => {
    ClientDiagnostics.prototype.publish = publish;
  });

  for (const [circumstance, logger, expected] of [
    ['publish nothing, but count, through a restart of etcd', undefined, false],
    ['publish with a logger', () => {}, true],
  ] as const) {
    it(circumstance, async function () {
      skipUnlessBreakable(this, etcd());
      const topics = new Set<string>();
      ClientDiagnostics.prototype.publish = (topic) => void topics.add(topic.name);
      const client = connect(etcd().endpoints, logger ? { logger } : {});
      const folder = folderOf(etcd());
      const watcher = client.watch({ prefix: folder });
      const updates = client.mirror({ prefix: folder })[Symbol.asyncIterator]();
      await Promise.all([watcher.ready, updates.next()]);
      await etcd().kill();
      await etcd().restart();
      await eventually('the watch is live', () => watcher.live);
      const { watch, mirrors } = client.metrics();
      assert.equal(watch.resumes['stream-lost'], 1);
      assert.equal(mirrors.active, 1);
      assert.deepEqual([topics.has('watch'), topics.has('mirror')], [expected, expected]);
      await updates.return(undefined);
      await watcher.close();
    });
  }
});

describe('the diagnostics of a watch whose permission is revoked', () => {
  const role = 'readers';
  const etcd = useEtcd({
    auth: {
      roles: { [role]: [{ access: 'read', prefix: 'allowed/' }] },
      users: { reader: { password: secretOf('a watch whose permission is revoked'), roles: [role] } },
    },
  });
  const { connect, proxy } = useClients();
  const published = usePublished(diagnosticsChannels.watch);

  it('show its end with the error, once its stream is lost', async () => {
    const link = await proxy(etcd());
    const { endpoints: _, ...options } = etcd().clientOptionsOf('reader');
    const reader = connect([link.endpoint], options);
    const events = () => published(reader);
    const watcher = reader.watch({ prefix: 'allowed/' });
    await watcher.ready;
    const { endpoints, ...ofRoot } = etcd().clientOptions;
    const root = connect(endpoints, ofRoot);
    await root.auth.roles.revokePermission(role, { prefix: 'allowed/' });
    link.cut();
    await assert.rejects(readUntil(watcher, 'never'), PermissionDeniedError);
    assert.deepEqual(
      sequence(events()).filter((type) => !type.startsWith('stream-')),
      ['opened', 'ended'],
    );
    assert.ok(find(events(), 'stream-lost'));
    const { error, key } = find(events(), 'ended');
    assert.ok(error instanceof PermissionDeniedError);
    assert.equal(key, 'allowed/');
    const { watchers, resumes } = reader.metrics().watch;
    assert.deepEqual({ watchers, resumes }, { watchers: 0, resumes: noResumes });
  });
});
