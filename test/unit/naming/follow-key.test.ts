import assert from 'node:assert/strict';
import { followKey } from '#src/naming/register/driver/follow-key.js';
import { FakeRegistry } from './fake-registry.js';

describe('the states of a key', () => {
  const resumed = { events: [], nextRevision: 11n, resumed: true } as const;
  const onFailure = () => {};

  /** Follows the key until `count` states were reported. Returns their revisions. */
  async function follow(registry: FakeRegistry, count: number): Promise<bigint[]> {
    const abort = new AbortController();
    const revisions: bigint[] = [];
    const options = { key: 'svc/e', from: 10n, signal: abort.signal, onFailure };
    for await (const { revision } of followKey(registry.client, options)) {
      revisions.push(revision);
      if (revisions.length === count) break;
    }
    return revisions;
  }

  it('include one read each time the watch is created on a stream', async () => {
    const registry = new FakeRegistry();
    let revision = 20n;
    registry.onRange = () => ({ revision: ++revision, kvs: [] });
    registry.onWatch = function* () {
      for (const _ of [1, 2, 3]) {
        yield resumed;
        for (const _ of [1, 2, 3]) yield { events: [], nextRevision: 11n };
      }
    };
    assert.deepEqual(await follow(registry, 3), [21n, 22n, 23n]);
    assert.equal(registry.counts.range, 3);
    assert.equal(registry.counts.watch, 1);
  });

  it('do not include a read that finishes after a newer event', async () => {
    const registry = new FakeRegistry();
    registry.onRange = () => ({ revision: 11n, kvs: [] });
    const put = (modRevision: bigint) =>
      ({ type: 'put', kv: registry.record({ value: Buffer.of(), modRevision }) }) as const;
    registry.onWatch = () => [
      { ...resumed, events: [put(12n)] },
      { events: [put(13n)], nextRevision: 14n },
    ];
    assert.deepEqual(await follow(registry, 2), [12n, 13n]);
  });

  it('are read by at most 16 concurrent requests per client, even if a thousand watches resume together', async () => {
    const registry = new FakeRegistry();
    let running = 0;
    let most = 0;
    const { kv } = registry.client as unknown as { kv: { range: () => Promise<unknown> } };
    const read = kv.range;
    kv.range = async () => {
      most = Math.max(most, ++running);
      try {
        return await read();
      } finally {
        running--;
      }
    };
    registry.onRange = () => ({ revision: 11n, kvs: [] });
    registry.onWatch = () => [resumed];
    await Promise.all(Array.from({ length: 1_000 }, () => follow(registry, 1)));
    assert.equal(registry.counts.range, 1_000);
    assert.equal(most, 16);
  });

  it('end with RolledBackError if the store was rolled back', async () => {
    const registry = new FakeRegistry();
    registry.onRange = () => ({ revision: 5n, kvs: [] });
    registry.onWatch = () => [resumed];
    await assert.rejects(follow(registry, 1), { name: 'RolledBackError' });
  });
});
