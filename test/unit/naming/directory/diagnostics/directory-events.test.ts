import assert from 'node:assert/strict';
import {
  ClientDiagnostics,
  type DirectoryDiagnostics,
  diagnosticsChannels,
  setDiagnostics,
} from '#src/diagnostics/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import { freshnessOption } from '#src/mirror/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

describe('the events of a directory', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let events: DirectoryDiagnostics[];
  const listener = (event: DirectoryDiagnostics) => events.push(event);
  const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    setDiagnostics(etcd, new ClientDiagnostics({ name: 'unnamed', now: () => clock.now() }));
    directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
    events = [];
    diagnosticsChannels.directory.subscribe(listener);
  });

  afterEach(() => {
    diagnosticsChannels.directory.unsubscribe(listener);
    etcd.close();
  });

  const first = async (...addrs: string[]): Promise<FakeMirror> => {
    await followIn(directory);
    const [mirror] = etcd.mirrors;
    mirror!.snapshot(...addrs);
    await settled();
    return mirror!;
  };
  const none = { drained: 0, 'store-replaced': 0, invalid: 0, deleted: 0, 'lease-ended': 0, unknown: 0 };
  /** The reasons in the metrics that are not 0. */
  const counted = () => {
    const { departures = none } = etcd.diagnostics.metrics().services[0] ?? {};
    return Object.fromEntries(Object.entries(departures).filter(([, count]) => count > 0));
  };
  /** In steps, within which etcd answers. */
  const advance = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500);
      await settled();
    }
  };
  const setFresh = (mirror: FakeMirror, fresh: boolean) => {
    mirror.fresh = fresh;
    mirror.forMs = 0;
    freshnessOption.get(mirror.options)!();
  };
  const states = () =>
    events.flatMap((event) => (event.type === 'state' ? `${event.state} ${event.source}` : []));
  const departures = () =>
    events.flatMap((event) => (event.type === 'departed' ? `${event.addr} ${event.reason}` : []));

  it('are a state, and the number of endpoints that changed', async () => {
    const mirror = await first('a:1', 'b:1');
    mirror.put('a:1', '{"Addr":"a:1","Metadata":1}');
    mirror.remove('b:1');
    await settled();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['endpoints', 'state', 'endpoints', 'endpoints', 'departed'],
    );
    const [added, , changed, removed] = events;
    const { client, ...event } = added as typeof added & { client: string };
    assert.equal(typeof client, 'string');
    assert.deepEqual(
      { ...event },
      { type: 'endpoints', target: 'svc', revision: 2n, endpoints: 2, added: 2, changed: 0, removed: 0 },
    );
    assert.ok(changed?.type === 'endpoints' && changed.changed === 1 && changed.removed === 0);
    assert.ok(removed?.type === 'endpoints' && removed.removed === 1 && removed.endpoints === 1);
  });

  it('are a state when the watch is interrupted, and when it is live again', async () => {
    const mirror = await first('a:1');
    setFresh(mirror, false);
    setFresh(mirror, true);
    assert.deepEqual(states(), ['known live', 'known memory', 'known live']);
  });

  it('are a state when the last endpoint is gone', async () => {
    const mirror = await first('a:1');
    mirror.remove('a:1');
    await settled();
    clock.advance(100);
    await settled();
    assert.deepEqual(states(), ['known live', 'empty live']);
  });

  it('are failures, also of a known view', async () => {
    await followIn(directory);
    etcd.mirrors[0]!.failure(unreachable);
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.failure(unreachable);
    const failures = events.filter(({ type }) => type === 'failure');
    assert.equal(failures.length, 2);
    assert.ok(failures.every((event) => event.type === 'failure' && event.error === unreachable));
  });

  it('are the start and the end of loss protection, with its duration', async () => {
    const mirror = await first('a:1', 'b:1');
    mirror.resync();
    await settled();
    const started = events.find(({ type }) => type === 'loss-protection-started');
    assert.ok(started?.type === 'loss-protection-started');
    assert.deepEqual([started.unconfirmed, started.endpoints], [2, 2]);
    assert.deepEqual(departures(), []);
    clock.advance(4_000);
    mirror.resync('a:1', 'b:1');
    await settled();
    const ended = events.find(({ type }) => type === 'loss-protection-ended');
    assert.ok(ended?.type === 'loss-protection-ended');
    assert.deepEqual([ended.durationMs, ended.endpoints], [4_000, 2]);
    assert.deepEqual(departures(), []);
  });

  describe('and the counts of departures', () => {
    const metrics = () => etcd.diagnostics.metrics().services;
    const deleted = () => metrics().map(({ departures: { deleted } }) => deleted);
    const removeFrom = async (...mirrors: FakeMirror[]) => {
      for (const mirror of mirrors) mirror.remove('a:1');
      await settled();
    };

    it('go on when the service is followed again', async () => {
      const { unsubscribe } = await followIn(directory);
      etcd.mirrors[0]!.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(etcd.mirrors[0]!);
      unsubscribe();
      clock.advance(5_000);
      await settled();
      assert.deepEqual(deleted(), []);
      await followIn(directory);
      assert.deepEqual(deleted(), [1]);
      etcd.mirrors.at(-1)!.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(etcd.mirrors.at(-1)!);
      assert.deepEqual(deleted(), [2]);
    });

    it('count each departure once while several directories see it, also when one of them closes', async () => {
      const mirror = await first('a:1', 'b:1');
      const other = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      await followIn(other);
      const second = etcd.mirrors.at(-1)!;
      second.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(mirror, second);
      assert.deepEqual(deleted(), [1]);
      await directory.close();
      assert.deepEqual(deleted(), [1]);
      second.put('a:1', '{"Addr":"a:1"}');
      await removeFrom(second);
      assert.deepEqual(deleted(), [2]);
    });

    it('are of one format, whose codec the events name', async () => {
      await first('a:1');
      const codec = { ...goEndpoints, name: 'other', keyPrefix: (service: string) => `/other/${service}/` };
      const others = [codec, { ...codec, keyPrefix: (service: string) => `/third/${service}/` }].map(
        (one) => new ServiceDirectory(etcd.client, directoryClock.set({ codec: one }, clock)),
      );
      for (const one of others) await followIn(one);
      etcd.mirrors[1]!.snapshot();
      await settled();
      assert.deepEqual(
        metrics().map(({ target, codec, state }) => [target, codec, state]),
        [
          ['svc', undefined, 'known'],
          ['svc', 'other', 'empty'],
          ['svc', 'other 2', 'unknown'],
        ],
      );
      assert.ok(events.some((event) => event.codec === 'other' && event.target === 'svc'));
    });

    it('are of a directory that follows only direct keys, or of one that does not', async () => {
      await first('a:1');
      await followIn(new ServiceDirectory(etcd.client, directoryClock.set({ direct: true }, clock)));
      assert.deepEqual(
        metrics().map(({ codec }) => codec),
        [undefined, `${goEndpoints.name},direct`],
      );
    });
  });

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
      assert.deepEqual(directory.get('svc')?.endpoints[0]?.metadata, { status: 'draining' });
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
        etcd.timeToLive = async () => found;
        const mirror = await first('a:1', 'b:1');
        mirror.put('a:1', '{"Addr":"a:1"}', 77n);
        mirror.remove('a:1');
        await settled();
        assert.deepEqual(departures(), [`a:1 ${reason}`]);
        assert.deepEqual(etcd.leasesAsked, [77n]);
      });

    it('have the reason unknown when etcd refuses the look-up', async () => {
      etcd.timeToLive = () => Promise.reject(unreachable);
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
      assert.deepEqual(etcd.leasesAsked, []);
    });

    it('have the reason store-replaced, once, when the loss is confirmed', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      mirror.resync('c:1');
      await settled();
      assert.deepEqual(departures(), ['a:1 store-replaced', 'b:1 store-replaced']);
      mirror.resync(); // now the service is empty, so the endpoints that departed are visible again, with the last one
      await settled();
      assert.equal(directory.get('svc')?.unconfirmed.size, 3);
      await advance(12_000);
      assert.equal(directory.get('svc')?.endpoints.length, 0);
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
      etcd.timeToLive = () => new Promise((resolve) => (answer = resolve));
      const mirror = await first('a:1', 'b:1');
      mirror.put('a:1', '{"Addr":"a:1"}', 77n);
      mirror.remove('a:1');
      await settled();
      etcd.close();
      answer(undefined);
      await settled();
      assert.deepEqual(departures(), []);
    });
  });

  describe('without a subscriber', () => {
    beforeEach(() => diagnosticsChannels.directory.unsubscribe(listener));

    it('look up no lease, and count the departure as unknown', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      mirror.put('a:1', '{"Addr":"a:1"}', 77n);
      mirror.remove('a:1');
      mirror.remove('b:1');
      await settled();
      assert.deepEqual(etcd.leasesAsked, []);
      assert.deepEqual(counted(), { unknown: 1, deleted: 1 });
    });

    it('look up leases while the metrics are read', async () => {
      const mirror = await first('a:1', 'b:1', 'c:1');
      const leave = async (addr: string, lease: bigint) => {
        mirror.put(addr, JSON.stringify({ Addr: addr }), lease);
        mirror.remove(addr);
        await settled();
      };
      etcd.diagnostics.metrics();
      await leave('a:1', 77n);
      await advance(300_000);
      await leave('b:1', 78n);
      assert.deepEqual(etcd.leasesAsked, [77n]);
      assert.deepEqual(counted(), { 'lease-ended': 1, unknown: 1 });
    });
  });

  describe('as metrics', () => {
    const service = () => etcd.diagnostics.metrics().services[0];

    it('are the endpoints by their state, and the age of the view', async () => {
      const mirror = await first('a:1', 'b:1', 'bad');
      mirror.put('a:1', '{"Addr":"a:1","Metadata":{"status":"draining"}}');
      mirror.put('bad', '[]');
      await settled();
      assert.deepEqual(service(), {
        target: 'svc',
        state: 'known',
        source: 'live',
        ageMs: 0,
        endpoints: { serving: 1, draining: 1, unconfirmed: 0 },
        invalid: 1,
        lossProtection: false,
        departures: { ...none, invalid: 1 },
      });
      setFresh(mirror, false);
      mirror.forMs = 5_000;
      assert.deepEqual([service()?.source, service()?.ageMs], ['memory', 5_000]);
    });

    it('show the endpoints that loss protection keeps', async () => {
      const mirror = await first('a:1', 'b:1');
      mirror.resync();
      await settled();
      assert.deepEqual(service()?.endpoints, { serving: 0, draining: 0, unconfirmed: 2 });
      assert.equal(service()?.lossProtection, true);
    });

    it('are one service for two directories, as the one whose view is older', async () => {
      await first('a:1', 'b:1');
      const other = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
      other.follow('svc', { onView: () => {}, onFailure: () => {} });
      etcd.mirrors[1]!.snapshot('a:1');
      etcd.mirrors[1]!.fresh = false;
      etcd.mirrors[1]!.forMs = 5_000;
      await settled();
      const { services } = etcd.diagnostics.metrics();
      assert.equal(services.length, 1);
      assert.deepEqual([services[0]?.ageMs, services[0]?.endpoints.serving], [5_000, 1]);
    });

    it('have no service that is no longer followed', async () => {
      const { unsubscribe } = await followIn(directory);
      assert.equal(etcd.diagnostics.metrics().services.length, 1);
      unsubscribe();
      clock.advance(5_000);
      assert.equal(etcd.diagnostics.metrics().services.length, 0);
    });
  });
});
