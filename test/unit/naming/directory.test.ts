import assert from 'node:assert/strict';
import { ClosedError, Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { writeSnapshot } from '#src/naming/directory/snapshot.js';
import { type HoldOptions, ServiceDirectory, type SnapshotStore } from '#src/naming/index.js';
import { FakeClock } from '../lease/fakes.js';
import { FakeClient, settled } from './fake-service.js';

const emptyView = {
  target: 'svc',
  endpoints: [],
  revision: 1n,
  invalid: new Set<string>(),
  held: new Set<string>(),
};

describe('the directory of services', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => {
    clock = new FakeClock();
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client, {}, clock);
  });

  /** A subscriber, and what it was told: views as their addresses, troubles as their texts. */
  function subscribe(target = 'svc') {
    const told: string[] = [];
    const unsubscribe = directory.follow(target, {
      view: ({ endpoints }) => told.push(`[${endpoints.map(({ addr }) => addr)}]`),
      trouble: (error) => told.push(error.message),
    });
    return { told, unsubscribe };
  }

  /** A subscriber that has been told what is known already. */
  async function follow(target?: string) {
    const subscriber = subscribe(target);
    await settled();
    return subscriber;
  }

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

  describe('of a service that turns up empty after history was lost', () => {
    let told: string[];

    beforeEach(async () => {
      ({ told } = await follow());
      etcd.mirrors[0]!.snapshot('a:1', 'b:1');
      await settled();
      etcd.mirrors[0]!.resync();
      await settled();
    });

    it('keeps the last known endpoints for one TTL, and then believes it', () => {
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]']);
      assert.deepEqual([...(directory.get('svc')?.held ?? [])], ['svc/a:1', 'svc/b:1']);
      clock.advance(9_999);
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]']);
      clock.advance(1);
      assert.deepEqual(told, ['[a:1,b:1]', '[a:1,b:1]', '[]']);
    });

    it('keeps the others beside who is back: one alone could not carry them all', async () => {
      etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
      await settled();
      assert.equal(told.at(-1), '[a:1,b:1]');
      clock.advance(60_000);
      assert.equal(told.at(-1), '[b:1]');
    });

    it('lets go of an address that is back under another key', async () => {
      etcd.mirrors[0]!.put('new', '{"Addr":"a:1"}');
      await settled();
      assert.equal(told.at(-1), '[b:1,a:1]');
    });

    it('does not begin to wait anew with each empty list', async () => {
      clock.advance(6_000);
      etcd.mirrors[0]!.resync();
      await settled();
      clock.advance(4_000);
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties right after a reconnect', () => {
    it('doubts that, and no longer when the reconnect is some time ago', async () => {
      const { told } = await follow();
      const [mirror] = etcd.mirrors;
      mirror!.snapshot('a:1');
      await settled();
      Object.assign(mirror!, { reconnects: 1, forMs: 5 });
      mirror!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[a:1]');
      clock.advance(10_000);
      assert.equal(told.at(-1), '[]');
      mirror!.forMs = 3_600_000;
      mirror!.put('a:1', '{"Addr":"a:1"}');
      mirror!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[]');
    });
  });

  describe('of a service that empties one by one after a reconnect', () => {
    it('keeps all that went so', async () => {
      const { told } = await follow();
      const [mirror] = etcd.mirrors;
      mirror!.snapshot('a:1', 'b:1', 'c:1');
      await settled();
      Object.assign(mirror!, { reconnects: 1, forMs: 5 });
      for (const id of ['a:1', 'b:1', 'c:1']) {
        mirror!.remove(id);
        await settled();
      }
      assert.equal(told.at(-1), '[a:1,b:1,c:1]');
      clock.advance(10_000);
      assert.equal(told.at(-1), '[]');
    });
  });

  it('is not ended by a subscriber that throws', async () => {
    directory.follow('svc', {
      view: () => assert.fail('its own affair'),
      trouble: () => {},
    });
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot('a:1');
    await settled();
    etcd.mirrors[0]!.put('b:1', '{"Addr":"b:1"}');
    await settled();
    assert.deepEqual(told, ['[a:1]', '[a:1,b:1]']);
    assert.equal(etcd.mirrors.length, 1);
  });

  describe('told how to doubt', () => {
    const doubting = (hold: HoldOptions) => {
      directory = new ServiceDirectory(etcd.client, { hold }, clock);
    };

    it('holds back the loss of a part', async () => {
      doubting({ lossShare: 0.5, holdMs: 1_000 });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1', 'b:1', 'c:1', 'd:1');
      await settled();
      etcd.mirrors[0]!.resync('a:1', 'e:1');
      await settled();
      assert.equal(told.at(-1), '[a:1,b:1,c:1,d:1,e:1]');
      clock.advance(1_000);
      assert.equal(told.at(-1), '[a:1,e:1]');
    });

    it('believes everything at once', async () => {
      doubting({ holdMs: 0 });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.resync();
      await settled();
      assert.equal(told.at(-1), '[]');
    });

    it('doubts even what it sees as it happens', async () => {
      doubting({ doubtLive: true });
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('a:1');
      await settled();
      etcd.mirrors[0]!.remove('a:1');
      await settled();
      assert.equal(told.at(-1), '[a:1]');
    });

    it('refuses what cannot work', () => {
      assert.throws(() => doubting({ holdMs: -1 }), /hold.holdMs/);
      assert.throws(() => doubting({ lossShare: 0 }), /hold.lossShare/);
    });
  });

  describe('with snapshots of an earlier process', () => {
    const saved = new Map<string, Uint8Array>();
    const snapshots: SnapshotStore = {
      load: async (target) => saved.get(target),
      save: async (target, bytes) => {
        saved.set(target, bytes);
      },
    };

    beforeEach(() => {
      saved.clear();
      directory = new ServiceDirectory(etcd.client, { snapshots }, clock);
    });

    async function leaveBehind(...addrs: string[]): Promise<void> {
      await follow();
      etcd.mirrors[0]!.snapshot(...addrs);
      await settled();
      clock.advance(1_000);
      await settled();
      assert.equal(saved.size, 1);
      etcd.close();
      etcd = new FakeClient();
      directory = new ServiceDirectory(etcd.client, { snapshots }, clock);
    }

    it('shows what that knew when etcd does not answer, and says so', async () => {
      await leaveBehind('a:1', 'b:1');
      const { told } = await follow();
      assert.deepEqual(told, []);
      clock.advance(1_000);
      await settled();
      assert.deepEqual(told, ['[a:1,b:1]']);
      const { state, source, endpoints } = directory.status('svc');
      assert.deepEqual([state, source, endpoints], ['known', 'disk', 2]);
    });

    it('shows nothing of it when etcd answers in time', async () => {
      await leaveBehind('a:1');
      const { told } = await follow();
      etcd.mirrors[0]!.snapshot('c:1');
      await settled();
      clock.advance(5_000);
      await settled();
      assert.deepEqual(told, ['[c:1]']);
      assert.equal(directory.status('svc').source, 'live');
    });

    it('replaces it by what etcd says, once it does', async () => {
      await leaveBehind('a:1');
      const { told } = await follow();
      clock.advance(1_000);
      await settled();
      etcd.mirrors[0]!.snapshot('b:1');
      await settled();
      assert.deepEqual(told, ['[a:1]', '[b:1]']);
    });

    it('saves no empty service, and none in doubt', async () => {
      await leaveBehind('a:1');
      const [before] = saved.values();
      await follow();
      etcd.mirrors[0]!.snapshot();
      await settled();
      clock.advance(60_000);
      await settled();
      assert.deepEqual([...saved.values()], [before]);
    });

    for (const [what, bytes] of [
      ['of another target', writeSnapshot({ ...emptyView, target: 'other' }, 1)],
      ['of another version', Buffer.from('{"version":2,"target":"svc"}')],
      ['that is none', Buffer.from('\0\0\0')],
    ] as const) {
      it(`passes over one ${what}`, async () => {
        saved.set('svc', bytes);
        const { told } = await follow();
        clock.advance(1_000);
        await settled();
        assert.deepEqual(told, []);
      });
    }
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

  it('believes at once a service that empties before its eyes, or is met empty', async () => {
    const { told } = await follow();
    etcd.mirrors[0]!.snapshot();
    await settled();
    etcd.mirrors[0]!.put('a:1', '{"Addr":"a:1"}');
    await settled();
    etcd.mirrors[0]!.remove('a:1');
    await settled();
    assert.deepEqual(told, ['[]', '[a:1]', '[]']);
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

  it('bears a list read anew with a value nested deeper than the stack', async () => {
    const { told } = await follow();
    const depth = 100_000;
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
      view: () => {
        told.push('view');
        unsubscribe();
      },
      trouble: () => told.push('trouble'),
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
      etcd.mirrors[0]!.trouble(unreachable);
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
      etcd.mirrors[0]!.trouble(unreachable);
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
      etcd.mirrors[0]!.trouble(unreachable);
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
