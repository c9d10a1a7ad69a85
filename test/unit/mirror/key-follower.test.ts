import assert from 'node:assert/strict';
import { Code, CompactedError, PermissionDeniedError } from '#src/errors/index.js';
import { KeyFollower } from '#src/mirror/index.js';
import { eventually } from '../../support/eventually.js';
import { FakeRegistry } from '../naming/fake-registry.js';

describe('the states of a key', () => {
  const resumed = { events: [], nextRevision: 11n, resumed: true } as const;

  const put = (registry: FakeRegistry, modRevision: bigint) =>
    ({ type: 'put', kv: registry.record({ value: Buffer.of(), modRevision }) }) as const;

  /** Follows the key until `count` states were reported. Resolves to their revisions. */
  function follow(registry: FakeRegistry, count: number): Promise<bigint[]> {
    return new Promise((resolve, reject) => {
      const revisions: bigint[] = [];
      const follower = new KeyFollower(registry.client, {
        key: 'svc/e',
        from: 10n,
        onFailure: () => {},
        onEnd: reject,
        onState: ({ revision }) => {
          revisions.push(revision);
          if (revisions.length < count) return;
          follower.abort();
          resolve(revisions);
        },
      });
      follower.start();
    });
  }

  it('include one read each time the watch is created on a stream', async () => {
    const registry = new FakeRegistry();
    let revision = 20n;
    registry.onGet = () => ({ revision: ++revision });
    registry.onWatch = function* () {
      for (const _ of [1, 2, 3]) {
        yield resumed;
        for (const _ of [1, 2, 3]) yield { events: [], nextRevision: 11n };
      }
    };
    assert.deepEqual(await follow(registry, 3), [21n, 22n, 23n]);
    assert.equal(registry.counts.get, 3);
    assert.equal(registry.counts.watch, 1);
  });

  it('do not include a read that finishes after a newer event', async () => {
    const registry = new FakeRegistry();
    registry.onGet = () => ({ revision: 11n });
    registry.onWatch = () => [
      { ...resumed, events: [put(registry, 12n)] },
      { events: [put(registry, 13n)], nextRevision: 14n },
    ];
    assert.deepEqual(await follow(registry, 2), [12n, 13n]);
  });

  it('are read by at most 16 concurrent requests per client, even if a thousand watches resume together', async () => {
    const registry = new FakeRegistry();
    let running = 0;
    let most = 0;
    const { kv } = registry.client as unknown as { kv: { get: () => Promise<unknown> } };
    const read = kv.get;
    kv.get = async () => {
      most = Math.max(most, ++running);
      try {
        return await read();
      } finally {
        running--;
      }
    };
    registry.onGet = () => ({ revision: 11n });
    registry.onWatch = () => [resumed];
    await Promise.all(Array.from({ length: 1_000 }, () => follow(registry, 1)));
    assert.equal(registry.counts.get, 1_000);
    assert.equal(most, 16);
  });

  it('end with RolledBackError if the store was rolled back', async () => {
    const registry = new FakeRegistry();
    registry.onGet = () => ({ revision: 5n });
    registry.onWatch = () => [resumed];
    await assert.rejects(follow(registry, 1), { name: 'RolledBackError' });
  });

  it('are read after a compaction, and followed from there', async () => {
    const registry = new FakeRegistry();
    registry.onGet = () => ({ revision: 20n });
    registry.onWatch = function* () {
      if (registry.counts.watch === 1) throw new CompactedError('compacted', 15n);
      yield { events: [put(registry, 21n)], nextRevision: 22n };
    };
    assert.deepEqual(await follow(registry, 2), [20n, 21n]);
    assert.equal(registry.counts.watch, 2);
  });

  it('are not reported after an abort, not even those of the same transaction', async () => {
    const registry = new FakeRegistry();
    const events = [put(registry, 11n), put(registry, 12n)];
    registry.onWatch = () => [{ events, nextRevision: 13n }];
    assert.deepEqual(await follow(registry, 1), [11n]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(registry.counts.watch, 1);
  });

  it('are read again when the watch is created again, and neither read nor watched after an abort', async () => {
    const registry = new FakeRegistry();
    const { kv } = registry.client as unknown as { kv: { get: object } };
    const reads: AbortSignal[] = [];
    kv.get = (_: unknown, { signal }: { signal: AbortSignal }) => {
      reads.push(signal);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    registry.onWatch = () => [resumed, resumed];
    const fail = () => assert.fail('nothing to report');
    const options = { key: 'svc/e', from: 10n, onState: fail, onFailure: fail, onEnd: fail };
    const follower = new KeyFollower(registry.client, options);
    follower.start();
    await eventually('there are two reads', () => reads.length === 2);
    assert.deepEqual([reads.map(({ aborted }) => aborted), registry.openWatches], [[true, false], 1]);
    follower.abort();
    assert.deepEqual([reads.map(({ aborted }) => aborted), registry.openWatches], [[true, true], 0]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reads.length, 2);
  });

  it('end with the error of a watch that cannot be created', async () => {
    const registry = new FakeRegistry();
    registry.onWatch = () => {
      throw new PermissionDeniedError('denied', { code: Code.PERMISSION_DENIED });
    };
    await assert.rejects(follow(registry, 1), { name: 'PermissionDeniedError' });
  });
});
