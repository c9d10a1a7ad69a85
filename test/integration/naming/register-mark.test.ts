import assert from 'node:assert/strict';
import type { WatchEvent } from '#src/model/index.js';
import { useRegistrations } from './use-registrations.js';

const draining = '{"Op":0,"Addr":"10.0.0.7:50051","Metadata":{"status":"draining"}}';

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
    let marked = 0;
    for (let round = 0; round < 20; round++) {
      const registration = await start({ ttlSeconds: 10 });
      const lease = registration.lease!;
      const changes = await changesDuring(() => registration.close());
      // A revoke that overtakes the mark is rare, and leaves the delete alone.
      const puts = changes.slice(0, -1);
      assert.ok(puts.length <= 1);
      for (const { type, kv } of puts)
        assert.deepEqual([type, kv.value.toString(), kv.lease], ['put', draining, lease]);
      marked += puts.length;
    }
    assert.ok(marked >= 10, `${marked} of 20 closes were marked`);
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
