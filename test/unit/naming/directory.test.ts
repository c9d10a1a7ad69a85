import assert from 'node:assert/strict';
import { ClosedError, Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
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
    directory = new ServiceDirectory(etcd.client, {}, clock);
  });

  afterEach(() => etcd.close());

  const subscribe = (target?: string) => subscribeTo(directory, target);
  const follow = (target?: string) => followIn(directory, target);
  const unreachable = new EtcdError('nobody there', { code: Code.UNAVAILABLE, verdict: 'not-applied' });

  it('follows one service once, however many ask for it', async () => {
    const [one, two] = [await follow(), await follow()];
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.equal(etcd.mirrors.length, 1);
    assert.deepEqual(
      [one.told, two.told],
      [
        ['[a:1]', '[a:1,b:1]'],
        ['[a:1]', '[a:1,b:1]'],
      ],
    );
  });

  it('is not ended by a subscriber that throws', async () => {
    directory.follow('svc', {
      onView: () => assert.fail('its own affair'),
      onFailure: () => {},
    });
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.deepEqual(told, ['[a:1]', '[a:1,b:1]']);
    assert.equal(etcd.mirrors.length, 1);
  });

  describe('read without callbacks', () => {
    it('is ready with the first view that has enough', async () => {
      const ready = directory.ready('svc', { minEndpoints: 2 });
      await settled();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
      assert.equal((await ready).endpoints.length, 2);
      assert.equal(directory.get('svc')?.endpoints.length, 2);
      assert.deepEqual(directory.status('svc').state, 'known');
    });

    it('gives up being ready with the reason of its signal, and follows no longer', async () => {
      const reason = new Error('enough');
      const abort = new AbortController();
      const ready = directory.ready('svc', { signal: abort.signal });
      abort.abort(reason);
      await assert.rejects(ready, reason);
      clock.advance(5_000);
      assert.equal(etcd.mirrors[0]?.over, true);
    });

    it('shows a slow reader the latest view, never an older one after it', async () => {
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
      assert.equal(etcd.mirrors[0]?.over, true);
    });

    it('ends its reader when the client closes', async () => {
      const views = directory.subscribe('svc');
      await settled();
      etcd.close();
      await assert.rejects(views.next(), ClosedError);
    });

    it('knows nothing of a target that nobody follows', () => {
      assert.equal(directory.get('nobody'), undefined);
      assert.equal(directory.status('nobody').state, 'unknown');
    });
  });

  it('tells a later subscriber what is known, though not from within subscribe()', async () => {
    await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    const late = subscribe();
    assert.deepEqual(late.told, []);
    await settled();
    assert.deepEqual(late.told, ['[a:1]']);
  });

  it('does not tell a view again that shows nothing new, and keeps its newer revision', async () => {
    const { told } = await follow();
    const [mirror] = etcd.mirrors;
    mirror!.values({ 'a:1': '{"Addr":"a:1"}', bad: '[]' });
    await settled();
    mirror!.put('bad', '{broken');
    await settled();
    assert.deepEqual(told, ['[a:1]']);
    assert.equal(directory.get('svc')?.revision, 3n);
    mirror!.put('worse', '{broken');
    await settled();
    assert.deepEqual(told, ['[a:1]', '[a:1]']); // one more that is no endpoint
  });

  it('bears a list read again with a value nested as deep as Go reads', async () => {
    const { told } = await follow();
    const depth = 9_999;
    const deep = `{"Addr":"a:1","Metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    for (let i = 0; i < 2; i++) etcd.mirrors[0]!.values({ 'a:1': deep });
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.deepEqual([told.at(-1), etcd.mirrors.length], ['[a:1,b:1]', 1]);
  });

  it('tells a subscriber once what comes between its subscription and its first view', async () => {
    await follow();
    const late = subscribe();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    assert.deepEqual(late.told, ['[a:1]']);
  });

  it('tells a list read anew that differs in a value alone', async () => {
    const { told } = await follow();
    const [mirror] = etcd.mirrors;
    mirror!.snapshot('a:1');
    await settled();
    mirror!.values({ 'a:1': '{"Addr":"a:2"}' });
    await settled();
    assert.deepEqual(told, ['[a:1]', '[a:2]']);
  });

  it('follows several services apart, each below its own slash', async () => {
    const [one, two] = [await follow('svc'), await follow('svc2')];
    assert.deepEqual(
      etcd.mirrors.map(({ prefix }) => prefix),
      ['svc/', 'svc2/'],
    );
    etcd.mirrors[1]!.snapshot('b:1');
    await settled();
    assert.deepEqual([one.told, two.told], [[], ['[b:1]']]);
  });

  it('tells endpoints in the order of their keys', async () => {
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot('c:1', 'a:1', 'b:1');
    await settled();
    etcd.mirrors[0]!.put('aa:1', '{"Addr":"aa:1"}');
    await settled();
    assert.deepEqual(told, ['[a:1,b:1,c:1]', '[a:1,aa:1,b:1,c:1]']);
  });

  it('tells a service known to be empty', async () => {
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot();
    await settled();
    assert.deepEqual(told, ['[]']);
  });

  it('tells nothing more to a subscriber that left, even from within a view', async () => {
    const told: string[] = [];
    let unsubscribe = () => {};
    unsubscribe = directory.follow('svc', {
      onView: () => {
        told.push('view');
        unsubscribe();
      },
      onFailure: () => told.push('failure'),
    });
    const stays = await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.snapshot('b:1');
    await settled();
    assert.deepEqual(told, ['view']);
    assert.deepEqual(stays.told, ['[a:1]', '[b:1]']);
  });

  describe('in trouble', () => {
    it('tells why nothing is known yet, to later subscribers too', async () => {
      const first = await follow();
      etcd.mirrors[0]!.failure(unreachable);
      const late = await follow();
      await settled();
      assert.deepEqual(
        [first.told, late.told],
        [['UNAVAILABLE: nobody there'], ['UNAVAILABLE: nobody there']],
      );
    });

    it('takes nothing back of what is known', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.failure(unreachable);
      const late = await follow();
      await settled();
      assert.deepEqual([first.told, late.told], [['[a:1]'], ['[a:1]']]);
    });

    it('starts again after a mirror that ended, keeping what is known meanwhile', async () => {
      const { told } = await follow();
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
      assert.deepEqual(told, ['[a:1]', '[b:1]']);
    });

    it('tells an error that is none of ours as one of ours', async () => {
      const { told } = await follow();
      etcd.mirrors[0]!.fail(new RangeError('odd'));
      await settled();
      assert.deepEqual(told, ['INTERNAL: RangeError: odd']);
    });
  });

  describe('whose last subscriber left', () => {
    it('keeps the service for 5 s, for the next one', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      first.unsubscribe();
      first.unsubscribe();
      clock.advance(4_999);
      const next = await follow();
      await settled();
      assert.deepEqual(next.told, ['[a:1]']);
      clock.advance(60_000);
      assert.equal(etcd.mirrors[0]!.over, false);
      assert.equal(etcd.mirrors.length, 1);
    });

    it('then lets go of it, leaves no timer, and starts anew for whoever comes', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      first.unsubscribe();
      clock.advance(5_000);
      await settled();
      assert.equal(etcd.mirrors[0]!.over, true);
      assert.equal(clock.timers, 0);

      const next = await follow();
      etcd.mirrors[1]!.snapshot('b:1');
      await settled();
      assert.deepEqual(next.told, ['[b:1]']);
    });
  });

  describe('whose client is closed', () => {
    it('tells every subscriber, and leaves no timer', async () => {
      const { told } = await follow();
      etcd.mirrors[0]!.failure(unreachable);
      etcd.close();
      await settled();
      assert.deepEqual(told, ['UNAVAILABLE: nobody there', 'CANCELLED: the etcd client is closed']);
      assert.equal(etcd.mirrors[0]!.over, true);
      assert.equal(clock.timers, 0);
    });

    it('tells whoever subscribes afterwards, to a service known or new', async () => {
      const first = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.close();
      const [known, fresh] = [await follow('svc'), await follow('other')];
      await settled();
      assert.deepEqual(first.told, ['[a:1]', 'CANCELLED: the etcd client is closed']);
      assert.deepEqual(known.told, ['CANCELLED: the etcd client is closed']);
      assert.ok(fresh.told.length > 0);
      for (const text of fresh.told) assert.match(text, /^CANCELLED: the .*client is closed$/);
      clock.advance(60_000);
      await settled();
      assert.equal(clock.timers, 0, 'a service that cannot be followed is not tried for ever');
    });
  });
});
