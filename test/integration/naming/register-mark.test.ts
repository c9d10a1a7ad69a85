import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { WatchEvent } from '#src/model/index.js';
import type { NamingClient } from '#src/naming/ports.js';
import { useRegistrations } from './use-registrations.js';

const draining = '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":{"status":"draining"}}';

/** The client, whose marks are not answered: the only transactions of a registration that are not idempotent. */
function withoutMarks(client: EtcdClient): NamingClient {
  return Object.create(client, {
    kv: {
      value: {
        get: client.kv.get.bind(client.kv),
        range: client.kv.range.bind(client.kv),
        stream: client.kv.stream.bind(client.kv),
        txn: (...[txn, options]: Parameters<typeof client.kv.txn>) =>
          options?.idempotent ? client.kv.txn(txn, options) : new Promise<never>(() => {}),
      },
    },
    lease: { value: client.lease },
    closed: { get: () => client.closed },
    watch: { value: client.watch.bind(client) },
    onClose: { value: client.onClose.bind(client) },
  });
}

describe('what observers see when a registration is closed', () => {
  const { fixture, start, stored, record } = useRegistrations();

  /** Calls `act` and returns the record's changes, up to the delete. */
  async function changesDuring(act: () => Promise<void>): Promise<readonly WatchEvent[]> {
    const { revision } = await fixture.admin.kv.get(fixture.key);
    const watcher = fixture.admin.watch(fixture.key, { startRevision: revision + 1n });
    const changes: WatchEvent[] = [];
    const reading = (async () => {
      for await (const { events } of watcher) {
        changes.push(...events);
        if (changes.at(-1)?.type === 'delete') return;
      }
    })();
    await act();
    await reading;
    return changes;
  }

  it('is the draining status under the same lease, in Go’s format, and then the delete', async () => {
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20; round++) {
      const registration = await start({ ttlSeconds: 10 });
      const lease = registration.lease!;
      const changes = await changesDuring(async () => {
        const began = performance.now();
        await registration.close();
        fastestMs = Math.min(fastestMs, performance.now() - began);
      });
      assert.deepEqual(
        changes.map(({ type, kv }) => [type, kv.value.toString(), kv.lease]),
        [
          ['put', draining, lease],
          ['delete', '', 0n],
        ],
      );
    }
    assert.ok(fastestMs < 200, `the revoke follows the answer, but no close took less than ${fastestMs} ms`);
  });

  it('is the delete alone if the mark is not answered: the revoke waits for it for a quarter of a second', async () => {
    const registration = await start({ ttlSeconds: 10 }, withoutMarks(fixture.client) as EtcdClient);
    const began = performance.now();
    const changes = await changesDuring(() => registration.close());
    assert.ok(performance.now() - began >= 240, 'the revoke waits');
    assert.deepEqual(
      changes.map(({ type }) => type),
      ['delete'],
    );
    assert.deepEqual((await registration.ended).reason, 'closed');
  });

  it('is the delete also if the client is closed at once afterwards', async () => {
    const registration = await start({ ttlSeconds: 10 });
    const changes = await changesDuring(async () => {
      const closed = registration.close();
      await fixture.client.close();
      await closed;
    });
    assert.equal(changes.at(-1)?.type, 'delete');
    assert.equal((await registration.ended).expiresInMs, undefined);
  });

  it('is a delete alone if the metadata has no place for the status', async () => {
    const registration = await start({ metadata: 'text' });
    const changes = await changesDuring(() => registration.close());
    assert.deepEqual(
      changes.map(({ type }) => type),
      ['delete'],
    );
  });

  it('is one put and a delete if the record was drained before', async () => {
    const registration = await start();
    const changes = await changesDuring(() => registration.drain({ propagateMs: 0 }));
    assert.deepEqual(
      changes.map(({ type }) => type),
      ['put', 'delete'],
    );
  });

  it('is nothing if the client is closed: the record is unchanged until its lease expires', async () => {
    await start();
    await fixture.client.close();
    assert.equal((await record())?.value.toString(), stored);
  });
});
