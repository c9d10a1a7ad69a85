import assert from 'node:assert/strict';
import { settled } from '../../fake-service.js';
import { noDepartures, unreachable, useDirectoryEvents } from './use-directory-events.js';

describe('the events of a directory on etcd-naming:directory', () => {
  const { fixture, unsubscribe, first, advance, departures } = useDirectoryEvents();
  /** The reasons in the metrics that are not 0. */
  const counted = () => {
    const { departures: counts = noDepartures } = fixture.etcd.diagnostics.metrics().services[0] ?? {};
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  };

  describe('that are departures', () => {
    it('have the reason drained for a record that said so before', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.put('a:1', '{"Addr":"a:1","Metadata":{"status":"draining"}}');
      mirror.remove('a:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 drained']);
    });

    const drainingOf = (addr: string) => JSON.stringify({ Addr: addr, Metadata: { status: 'draining' } });

    it('have the reason drained for a record that said so and left within one change', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.remove('a:1', drainingOf('a:1'));
      await settled();
      assert.deepEqual(departures(), ['a:1 drained']);
    });

    it('have the reason drained also when loss protection delayed them, and the view shows that status until then', async () => {
      const mirror = await first('a:1');
      mirror.answer = undefined;
      mirror.remove('a:1', drainingOf('a:1'));
      await settled();
      assert.deepEqual(fixture.directory.get('svc')?.endpoints[0]?.metadata, { status: 'draining' });
      mirror.answer = async () => true;
      await advance(20_000);
      assert.deepEqual(departures(), ['a:1 drained']);
    });

    it('do not have the reason of another address that the key had last', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.remove('a:1', drainingOf('c:1'));
      await settled();
      assert.deepEqual(departures(), ['a:1 deleted']);
    });

    it('have the reason deleted for a record without a lease', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.remove('a:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 deleted']);
    });

    for (const [found, reason] of [
      [{ remainingSeconds: 7 }, 'deleted'],
      [undefined, 'lease-ended'],
    ] as const)
      it(`have the reason ${reason} for a record with a lease that ${found ? 'is alive' : 'has ended'}`, async () => {
        fixture.etcd.timeToLive = async () => found;
        const mirror = await first('a:1', 'b:1');
        mirror.put('a:1', '{"Addr":"a:1"}', 77n);
        mirror.remove('a:1');
        await settled();
        assert.deepEqual(departures(), [`a:1 ${reason}`]);
        assert.deepEqual(fixture.etcd.leasesAsked, [77n]);
      });

    it('have the reason unknown when etcd refuses the look-up', async () => {
      fixture.etcd.timeToLive = () => Promise.reject(unreachable);
      const mirror = await first('a:1', 'b:1');
      mirror.put('a:1', '{"Addr":"a:1"}', 77n);
      mirror.remove('a:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 unknown']);
    });

    it('have the reason invalid when the value is overwritten with one that is not an endpoint', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.put('a:1', 'not an endpoint', 77n);
      await settled();
      assert.deepEqual(departures(), ['a:1 invalid']);
      assert.deepEqual(fixture.etcd.leasesAsked, []);
    });

    it('have the reason store-replaced, once, when the loss is confirmed', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      mirror.resync('c:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 store-replaced', 'b:1 store-replaced']);
      mirror.resync(); // now the service is empty, so the endpoints that departed are visible again, with the last one
      await settled();
      assert.equal(fixture.directory.get('svc')?.unconfirmed.size, 3);
      await advance(12_000);
      assert.equal(fixture.directory.get('svc')?.endpoints.length, 0);
      assert.deepEqual(departures(), ['a:1 store-replaced', 'b:1 store-replaced', 'c:1 store-replaced']);
    });

    it('are none for an endpoint that returned after the store was replaced, and a later one has its own reason', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.resync();
      await settled();
      mirror.put('a:1', '{"Addr":"a:1"}');
      mirror.put('b:1', '{"Addr":"b:1"}');
      await settled();
      assert.deepEqual(departures(), []);
      mirror.remove('a:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 deleted']);
    });

    it('are none for an address that another key has', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.put('moved', '{"Addr":"a:1"}');
      mirror.remove('a:1');
      await settled();
      assert.deepEqual(departures(), []);
      mirror.remove('moved');
      await settled();
      assert.deepEqual(departures(), ['a:1 deleted']);
    });

    it('are counted in the metrics, by the reason', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      mirror.remove('a:1');
      mirror.remove('b:1');
      await settled();
      assert.deepEqual(counted(), { deleted: 2 });
    });

    it('are none after the client was closed', async () => {
      let answer = (_: undefined) => {};
      fixture.etcd.timeToLive = () => new Promise((resolve) => (answer = resolve));
      const mirror = await first('a:1', 'b:1');
      mirror.put('a:1', '{"Addr":"a:1"}', 77n);
      mirror.remove('a:1');
      await settled();
      fixture.etcd.close();
      answer(undefined);
      await settled();
      assert.deepEqual(departures(), []);
    });
  });

  describe('without a subscriber', () => {
    beforeEach(() => unsubscribe());

    it('look up no lease, and count the departure as unknown', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      mirror.put('a:1', '{"Addr":"a:1"}', 77n);
      mirror.remove('a:1');
      mirror.remove('b:1');
      await settled();
      assert.deepEqual(fixture.etcd.leasesAsked, []);
      assert.deepEqual(counted(), { unknown: 1, deleted: 1 });
    });

    it('look up leases while the metrics are read', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      const leave = async (addr: string, lease: bigint) => {
        mirror.put(addr, JSON.stringify({ Addr: addr }), lease);
        mirror.remove(addr);
        await settled();
      };
      fixture.etcd.diagnostics.metrics();
      await leave('a:1', 77n);
      await advance(300_000);
      await leave('b:1', 78n);
      assert.deepEqual(fixture.etcd.leasesAsked, [77n]);
      assert.deepEqual(counted(), { 'lease-ended': 1, unknown: 1 });
    });
  });
});
