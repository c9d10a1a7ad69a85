import assert from 'node:assert/strict';
import { freshnessOption } from '#src/mirror/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';
import { noDepartures, unreachable, useDirectoryEvents } from './use-directory-events.js';

describe('the events of a directory on etcd-naming:directory', () => {
  const { fixture, first, departures } = useDirectoryEvents();
  const setFresh = (mirror: FakeMirror, fresh: boolean) => {
    mirror.fresh = fresh;
    mirror.forMs = 0;
    freshnessOption.get(mirror.options)!();
  };
  const states = () =>
    fixture.events.flatMap((event) => (event.type === 'state' ? `${event.state} ${event.source}` : []));

  it('are a state, and the number of endpoints that changed', async () => {
    const mirror = await first('a:1', 'b:1');
    mirror.put('a:1', '{"Addr":"a:1","Metadata":1}');
    mirror.remove('b:1');
    await settled();
    assert.deepEqual(
      fixture.events.map(({ type }) => type),
      ['endpoints', 'state', 'endpoints', 'endpoints', 'departed'],
    );
    const [added, , changed, removed] = fixture.events;
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
    fixture.clock.advance(100);
    await settled();
    assert.deepEqual(states(), ['known live', 'empty live']);
  });

  it('are failures, also of a known view', async () => {
    await followIn(fixture.directory);
    fixture.etcd.mirrors[0]!.failure(unreachable);
    fixture.etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    fixture.etcd.mirrors[0]!.failure(unreachable);
    const failures = fixture.events.filter(({ type }) => type === 'failure');
    assert.equal(failures.length, 2);
    assert.ok(failures.every((event) => event.type === 'failure' && event.error === unreachable));
  });

  it('are the start and the end of loss protection, with its duration', async () => {
    const mirror = await first('a:1', 'b:1');
    mirror.resync();
    await settled();
    const started = fixture.events.find(({ type }) => type === 'loss-protection-started');
    assert.ok(started?.type === 'loss-protection-started');
    assert.deepEqual([started.unconfirmed, started.endpoints], [2, 2]);
    assert.deepEqual(departures(), []);
    fixture.clock.advance(4_000);
    mirror.resync('a:1', 'b:1');
    await settled();
    const ended = fixture.events.find(({ type }) => type === 'loss-protection-ended');
    assert.ok(ended?.type === 'loss-protection-ended');
    assert.deepEqual([ended.durationMs, ended.endpoints], [4_000, 2]);
    assert.deepEqual(departures(), []);
  });

  describe('and the counts of departures', () => {
    const metrics = () => fixture.etcd.diagnostics.metrics().services;
    const deleted = () => metrics().map(({ departures: { deleted } }) => deleted);
    const removeFrom = async (...mirrors: FakeMirror[]) => {
      for (const mirror of mirrors) mirror.remove('a:1');
      await settled();
    };

    it('go on when the service is followed again', async () => {
      const { unsubscribe } = await followIn(fixture.directory);
      fixture.etcd.mirrors[0]!.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(fixture.etcd.mirrors[0]!);
      unsubscribe();
      fixture.clock.advance(5_000);
      await settled();
      assert.deepEqual(deleted(), []);
      await followIn(fixture.directory);
      assert.deepEqual(deleted(), [1]);
      fixture.etcd.mirrors.at(-1)!.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(fixture.etcd.mirrors.at(-1)!);
      assert.deepEqual(deleted(), [2]);
    });

    it('count each departure once while several directories see it, also when one of them closes', async () => {
      const mirror = await first('a:1', 'b:1');
      const other = new ServiceDirectory(fixture.etcd.client, directoryClock.set({}, fixture.clock));
      await followIn(other);
      const second = fixture.etcd.mirrors.at(-1)!;
      second.snapshot('a:1', 'b:1');
      await settled();
      await removeFrom(mirror, second);
      assert.deepEqual(deleted(), [1]);
      await fixture.directory.close();
      assert.deepEqual(deleted(), [1]);
      second.put('a:1', '{"Addr":"a:1"}');
      await removeFrom(second);
      assert.deepEqual(deleted(), [2]);
    });

    it('are of one format, whose codec the events name', async () => {
      await first('a:1');
      const codec = { ...goEndpoints, name: 'other', keyPrefix: (service: string) => `/other/${service}/` };
      const others = [codec, { ...codec, keyPrefix: (service: string) => `/third/${service}/` }].map(
        (one) => new ServiceDirectory(fixture.etcd.client, directoryClock.set({ codec: one }, fixture.clock)),
      );
      for (const one of others) await followIn(one);
      fixture.etcd.mirrors[1]!.snapshot();
      await settled();
      assert.deepEqual(
        metrics().map(({ target, codec, state }) => [target, codec, state]),
        [
          ['svc', undefined, 'known'],
          ['svc', 'other', 'empty'],
          ['svc', 'other 2', 'unknown'],
        ],
      );
      assert.ok(fixture.events.some((event) => event.codec === 'other' && event.target === 'svc'));
    });

    it('are of a directory that follows only direct keys, or of one that does not', async () => {
      await first('a:1');
      await followIn(
        new ServiceDirectory(fixture.etcd.client, directoryClock.set({ direct: true }, fixture.clock)),
      );
      assert.deepEqual(
        metrics().map(({ codec }) => codec),
        [undefined, `${goEndpoints.name},direct`],
      );
    });
  });

  describe('as metrics', () => {
    const service = () => fixture.etcd.diagnostics.metrics().services[0];

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
        departures: { ...noDepartures, invalid: 1 },
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
      const other = new ServiceDirectory(fixture.etcd.client, directoryClock.set({}, fixture.clock));
      other.follow('svc', { onView: () => {}, onFailure: () => {} });
      fixture.etcd.mirrors[1]!.snapshot('a:1');
      fixture.etcd.mirrors[1]!.fresh = false;
      fixture.etcd.mirrors[1]!.forMs = 5_000;
      await settled();
      const { services } = fixture.etcd.diagnostics.metrics();
      assert.equal(services.length, 1);
      assert.deepEqual([services[0]?.ageMs, services[0]?.endpoints.serving], [5_000, 1]);
    });

    it('have no service that is no longer followed', async () => {
      const { unsubscribe } = await followIn(fixture.directory);
      assert.equal(fixture.etcd.diagnostics.metrics().services.length, 1);
      unsubscribe();
      fixture.clock.advance(5_000);
      assert.equal(fixture.etcd.diagnostics.metrics().services.length, 0);
    });
  });
});
