import assert from 'node:assert/strict';
import { ClosedError, Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import { ServiceDirectory } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, settled } from './fake-service.js';
import { followIn, subscribeTo } from './subscribers.js';

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, directoryClock.set({}, clock));
  });

  afterEach(() => etcd.close());

  const subscribe = (target?: string) => subscribeTo(directory, target);
  const follow = (target?: string) => followIn(directory, target);
  const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });

  it('has one mirror for a service with several subscribers', async () => {
    const [one, two] = [await follow(), await follow()];
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.equal(etcd.mirrors.length, 1);
    assert.deepEqual(
      [one.received, two.received],
      [
        ['[a:1]', '[a:1,b:1]'],
        ['[a:1]', '[a:1,b:1]'],
      ],
    );
  });

  it('continues when a subscriber throws', async () => {
    directory.follow('svc', {
      onView: () => assert.fail('a test error'),
      onFailure: () => {},
    });
    const { received } = await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.deepEqual(received, ['[a:1]', '[a:1,b:1]']);
    assert.equal(etcd.mirrors.length, 1);
  });

  describe('without callbacks', () => {
    it('is ready with the first view that has enough endpoints', async () => {
      const ready = directory.ready('svc', { minEndpoints: 2 });
      await settled();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
      assert.equal((await ready).endpoints.length, 2);
      assert.equal(directory.get('svc')?.endpoints.length, 2);
      assert.deepEqual(directory.status('svc').state, 'known');
    });

    it('rejects ready() with the reason of its signal, and unsubscribes', async () => {
      const reason = new Error('enough');
      const abort = new AbortController();
      const ready = directory.ready('svc', { signal: abort.signal });
      abort.abort(reason);
      await assert.rejects(ready, reason);
      clock.advance(5_000);
      assert.equal(etcd.mirrors[0]?.hasEnded, true);
    });

    it('skips older views for a slow reader', async () => {
      const views = directory.subscribe('svc');
      await settled();
      etcd.mirrors[0]!.snapshot('a:1');
      etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
      etcd.mirrors[0]!.put('c:1', '{"Addr":"c:1"}');
      await settled();
      const { value } = await views.next();
      assert.equal(value?.endpoints.length, 3);
      await views.return?.();
      clock.advance(5_000);
      assert.equal(etcd.mirrors[0]?.hasEnded, true);
    });

    it('ends an iteration when the client closes', async () => {
      const views = directory.subscribe('svc');
      await settled();
      etcd.close();
      await assert.rejects(views.next(), ClosedError);
    });

    it('has no view of a target that is not followed', () => {
      assert.equal(directory.get('unfollowed'), undefined);
      assert.equal(directory.status('unfollowed').state, 'unknown');
    });
  });

  it('calls a later subscriber with the known view, asynchronously', async () => {
    await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    const late = subscribe();
    assert.deepEqual(late.received, []);
    await settled();
    assert.deepEqual(late.received, ['[a:1]']);
  });

  it('does not report a view that differs only in its revision, but keeps the revision', async () => {
    const { received } = await follow();
    const [mirror] = etcd.mirrors;
    mirror!.values({ 'a:1': '{"Addr":"a:1"}', bad: '[]' });
    await settled();
    mirror!.put('bad', '{broken');
    await settled();
    assert.deepEqual(received, ['[a:1]']);
    assert.equal(directory.get('svc')?.revision, 3n);
    mirror!.put('worse', '{broken');
    await settled();
    assert.deepEqual(received, ['[a:1]', '[a:1]']); // one more invalid key
  });

  it('accepts a new listing with a value of the maximum nesting depth of Go', async () => {
    const { received } = await follow();
    const depth = 9_999;
    const deep = `{"Addr":"a:1","Metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    for (let i = 0; i < 2; i++) etcd.mirrors[0]!.values({ 'a:1': deep });
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.deepEqual([received.at(-1), etcd.mirrors.length], ['[a:1,b:1]', 1]);
  });

  it('reports a change between the subscription and the first view once', async () => {
    await follow();
    const late = subscribe();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    assert.deepEqual(late.received, ['[a:1]']);
  });

  it('reports a new listing that differs only in a value', async () => {
    const { received } = await follow();
    const [mirror] = etcd.mirrors;
    mirror!.snapshot('a:1');
    await settled();
    mirror!.values({ 'a:1': '{"Addr":"a:2"}' });
    await settled();
    assert.deepEqual(received, ['[a:1]', '[a:2]']);
  });

  it('follows several services, each below its own slash', async () => {
    const [one, two] = [await follow('svc'), await follow('svc2')];
    assert.deepEqual(
      etcd.mirrors.map(({ prefix }) => prefix),
      ['svc/', 'svc2/'],
    );
    etcd.mirrors[1]!.snapshot('b:1');
    await settled();
    assert.deepEqual([one.received, two.received], [[], ['[b:1]']]);
  });

  it('reports endpoints in key order', async () => {
    const { received } = await follow();
    etcd.mirrors[0]!.snapshot('c:1', 'a:1', 'b:1');
    await settled();
    etcd.mirrors[0]!.put('aa:1', '{"Addr":"aa:1"}');
    await settled();
    assert.deepEqual(received, ['[a:1,b:1,c:1]', '[a:1,aa:1,b:1,c:1]']);
  });

  it('reports a service that is known to be empty', async () => {
    const { received } = await follow();
    etcd.mirrors[0]!.snapshot();
    await settled();
    assert.deepEqual(received, ['[]']);
  });

  it('does not call a subscriber that has left, even during a view', async () => {
    const received: string[] = [];
    let unsubscribe = () => {};
    unsubscribe = directory.follow('svc', {
      onView: () => {
        received.push('view');
        unsubscribe();
      },
      onFailure: () => received.push('failure'),
    });
    const stays = await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.snapshot('b:1');
    await settled();
    assert.deepEqual(received, ['view']);
    assert.deepEqual(stays.received, ['[a:1]', '[b:1]']);
  });

  describe('after a failure', () => {
    it('reports the failure while nothing is known, to later subscribers too', async () => {
      const first = await follow();
      etcd.mirrors[0]!.failure(unreachable);
      const late = await follow();
      await settled();
      assert.deepEqual(
        [first.received, late.received],
        [['UNAVAILABLE: unreachable'], ['UNAVAILABLE: unreachable']],
      );
    });

    it('keeps the known view', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.failure(unreachable);
      const late = await follow();
      await settled();
      assert.deepEqual([first.received, late.received], [['[a:1]'], ['[a:1]']]);
    });

    it('restarts a mirror that ended, and keeps the known view meanwhile', async () => {
      const { received } = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.fail(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
      await settled();
      assert.equal(etcd.mirrors.length, 1);
      clock.advance(500);
      await settled();
      assert.equal(etcd.mirrors.length, 2);
      etcd.mirrors[1]!.snapshot('b:1');
      await settled();
      assert.deepEqual(received, ['[a:1]', '[b:1]']);
    });

    it('converts a foreign error to an EtcdError', async () => {
      const { received } = await follow();
      etcd.mirrors[0]!.fail(new RangeError('odd'));
      await settled();
      assert.deepEqual(received, ['INTERNAL: RangeError: odd']);
    });
  });

  describe('after the last subscriber left', () => {
    it('keeps the mirror for 5 s', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      first.unsubscribe();
      first.unsubscribe();
      clock.advance(4_999);
      const next = await follow();
      await settled();
      assert.deepEqual(next.received, ['[a:1]']);
      clock.advance(60_000);
      assert.equal(etcd.mirrors[0]!.hasEnded, false);
      assert.equal(etcd.mirrors.length, 1);
    });

    it('then ends the mirror, leaves no timer, and starts another for the next subscriber', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      first.unsubscribe();
      clock.advance(5_000);
      await settled();
      assert.equal(etcd.mirrors[0]!.hasEnded, true);
      assert.equal(clock.timers, 0);

      const next = await follow();
      etcd.mirrors[1]!.snapshot('b:1');
      await settled();
      assert.deepEqual(next.received, ['[b:1]']);
    });
  });

  describe('after the client closed', () => {
    it('notifies every subscriber, and leaves no timer', async () => {
      const { received } = await follow();
      etcd.mirrors[0]!.failure(unreachable);
      etcd.close();
      await settled();
      assert.deepEqual(received, ['UNAVAILABLE: unreachable', 'CANCELLED: the etcd client is closed']);
      assert.equal(etcd.mirrors[0]!.hasEnded, true);
      assert.equal(clock.timers, 0);
    });

    it('notifies later subscribers, of a known service and of a new one', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.close();
      const [known, fresh] = [await follow('svc'), await follow('other')];
      await settled();
      assert.deepEqual(first.received, ['[a:1]', 'CANCELLED: the etcd client is closed']);
      assert.deepEqual(known.received, ['CANCELLED: the etcd client is closed']);
      assert.ok(fresh.received.length > 0);
      for (const text of fresh.received) assert.match(text, /^CANCELLED: the .*client is closed$/);
      clock.advance(60_000);
      await settled();
      assert.equal(clock.timers, 0, 'a service that cannot be followed is not retried');
    });
  });
});
