import assert from 'node:assert/strict';
import { Code, EtcdError, InvalidInputError, PermissionDeniedError } from '#src/errors/index.js';
import { directoryClock } from '#src/naming/directory/directory.js';
import {
  type DirectoryOptions,
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  NamingError,
  ServiceDirectory,
} from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
const denied = new PermissionDeniedError('permission denied', {
  code: Code.PERMISSION_DENIED,
  verdict: 'final',
});
const goValue = (addr: string, metadata?: object) => JSON.stringify({ Addr: addr, Metadata: metadata });

describe('a service whose records are in two formats', () => {
  let clock: FakeClock;
  let etcd: FakeClient;
  let directory: ServiceDirectory;

  beforeEach(() => useDirectory());
  afterEach(() => etcd.close());

  function useDirectory(options: DirectoryOptions = {}): void {
    clock = new FakeClock();
    etcd = new FakeClient();
    const all = { codec: [goEndpoints, lineCodec], ...options };
    directory = new ServiceDirectory(etcd.client, directoryClock.set(all, clock));
  }

  const mirrorOf = (prefix: string): FakeMirror => etcd.mirrors.findLast((one) => one.prefix === prefix)!;
  const go = () => mirrorOf('svc/');
  const lines = () => mirrorOf('/lines/svc/');
  const apply = async (change: () => void) => {
    change();
    await settled();
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(left, 500));
      await settled();
    }
  };
  /** The addresses of the view, each with its format. */
  const shown = () => directory.get('svc')?.endpoints.map(({ addr, codec }) => `${codec} ${addr}`);
  /** Follows the service; Go's records have the addresses, and the lines too. */
  async function followed(goAddrs: readonly string[], lineAddrs: readonly string[]) {
    const subscriber = await followIn(directory);
    await apply(() => {
      go().snapshot(...goAddrs);
      lines().values(Object.fromEntries(lineAddrs.map((addr) => [addr, addr])));
    });
    return subscriber;
  }

  describe('whose prefixes are read one after the other', () => {
    it('is known when every prefix has been read, in the order of the keys', async () => {
      const { received } = await followIn(directory);
      assert.deepEqual(etcd.mirrors.map(({ prefix }) => prefix).sort(), ['/lines/svc/', 'svc/']);
      await apply(() => go().snapshot('a:1'));
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.deepEqual(received, []);
      assert.equal(directory.status('svc').state, 'unknown');
      await apply(() => lines().values({ c: 'c:1 z' }));
      assert.deepEqual(received, ['[c:1,a:1,b:1]']);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
      assert.equal(directory.status('svc').source, 'live');
    });

    it('is ready then, and not before', async () => {
      const ready = directory.ready('svc', { minEndpoints: 0 });
      let isReady = false;
      void ready.then(() => {
        isReady = true;
      });
      await settled();
      await apply(() => lines().values({}));
      assert.equal(isReady, false);
      await apply(() => go().snapshot());
      assert.equal((await ready).endpoints.length, 0);
    });

    it('names both prefixes when one is not read in time', async () => {
      const ready = directory.ready('svc', { timeoutMs: 1_000 });
      await settled();
      await apply(() => go().snapshot('a:1'));
      clock.advance(1_000);
      await assert.rejects(ready, /'svc\/' and '\/lines\/svc\/' did not have 1 endpoints within 1000 ms/);
    });

    it('fails with the error of a prefix that may not be read', async () => {
      const ready = assert.rejects(directory.ready('svc'), PermissionDeniedError);
      const { received } = await followIn(directory);
      await apply(() => lines().fail(denied));
      await ready;
      await apply(() => go().snapshot('a:1'));
      assert.deepEqual(received, [denied.message]);
      assert.deepEqual((await followIn(directory)).received, [denied.message]);
      assert.equal(directory.get('svc'), undefined);
    });

    it('reports no failure that is over to a later subscriber', async () => {
      await followIn(directory);
      await apply(() => lines().failure(unreachable));
      await apply(() => lines().values({}));
      assert.deepEqual((await followIn(directory)).received, []);
    });
  });

  describe('of which one prefix fails later', () => {
    it('keeps the last records of that prefix and follows the other', async () => {
      const { received } = await followed(['a:1'], ['c:1']);
      await apply(() => lines().fail(denied));
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.equal(received.at(-1), '[c:1,a:1,b:1]');
      const { source, staleMs, lastError } = directory.status('svc');
      assert.deepEqual([source, staleMs, lastError], ['memory', 0, denied]);
      await advance(3_000);
      assert.equal(directory.status('svc').staleMs, 3_000, 'counted from the end of its mirror');
    });

    it('is live again when that prefix has been listed again, with the records of then', async () => {
      const { received } = await followed(['a:1'], ['c:1', 'd:1']);
      await apply(() => lines().fail(denied));
      const ended = lines();
      await advance(20_000);
      assert.notEqual(lines(), ended);
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.equal(received.at(-1), '[c:1,d:1,a:1,b:1]');
      await apply(() => lines().values({ 'd:1': 'd:1' }));
      assert.equal(received.at(-1), '[c:1,d:1,a:1,b:1]');
      assert.deepEqual([...directory.get('svc')!.unconfirmed], ['/lines/svc/c:1']);
      assert.deepEqual(
        [directory.status('svc').source, directory.status('svc').lastError],
        ['live', undefined],
      );
      await advance(10_000);
      assert.equal(received.at(-1), '[d:1,a:1,b:1]', 'after the protection time');
    });
  });

  describe('of which one prefix may no longer be read', () => {
    const deniedLines = async () => {
      const followed_ = await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = async () => Promise.reject(denied);
      await apply(() => lines().fail(denied));
      return followed_;
    };

    it('loses what the other prefix loses, and keeps the last records of that prefix', async () => {
      const { received } = await deniedLines();
      await apply(() => go().remove('a:1'));
      assert.equal(received.at(-1), '[c:1,b:1]');
      await advance(20_000);
      await apply(() => go().remove('b:1'));
      assert.equal(received.at(-1), '[c:1]');
      assert.equal(directory.status('svc').unconfirmed, 0);
    });

    it('counts that prefix again after its new list, and not before', async () => {
      const { received } = await deniedLines();
      await advance(20_000);
      lines().answer = undefined;
      await apply(() => go().remove('a:1'));
      assert.equal(received.at(-1), '[c:1,b:1]', 'its next mirror has not listed it');
      await apply(() => lines().values({ 'c:1': 'c:1' }));
      await apply(() => go().remove('b:1'));
      await advance(5_000);
      assert.equal(received.at(-1), '[c:1,b:1]', 'that prefix does not answer');
    });

    it('keeps what it loses while the other prefix does not answer', async () => {
      await deniedLines();
      go().answer = undefined;
      await apply(() => go().remove('a:1'));
      await advance(60_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
    });

    it('loses what the other loses also if its watch outlives the permission', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = async () => Promise.reject(denied);
      await apply(() => go().remove('a:1'));
      assert.deepEqual(shown(), ['lines c:1', 'endpoints b:1']);
    });
  });

  describe('of which one prefix is not reachable', () => {
    it('keeps what the other one loses', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      lines().answer = undefined;
      await apply(() => lines().failure(unreachable));
      await apply(() => go().remove('a:1'));
      await advance(60_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
    });
  });

  describe('with an address that moves from one prefix to the other in one transaction', () => {
    for (const [order, codec] of [
      ['first', [goEndpoints, lineCodec]],
      ['last', [lineCodec, goEndpoints]],
    ] as const)
      for (const [arrival, steps] of [
        ['the deletion', [() => go().remove('a:1'), () => lines().put('x', 'a:1 new')]],
        ['the new record', [() => lines().put('x', 'a:1 new'), () => go().remove('a:1')]],
      ] as const)
        it(`has it in every view if ${arrival} arrives first and the old format is ${order} in the list`, async () => {
          useDirectory({ codec });
          const views: (readonly string[])[] = [];
          directory.follow('svc', {
            onView: ({ endpoints }) => views.push(endpoints.map(({ addr }) => addr).sort()),
            onFailure: () => {},
          });
          await settled();
          await apply(() => {
            go().snapshot('a:1', 'b:1');
            lines().values({ c: 'c:1' });
          });
          lines().answer = undefined; // the read takes longer than the second change
          for (const step of steps) await apply(step);
          for (const addrs of views) assert.deepEqual(addrs, ['a:1', 'b:1', 'c:1']);
          assert.deepEqual(shown(), ['lines c:1', 'lines a:1', 'endpoints b:1']);
          const moved = directory.get('svc')?.endpoints.find(({ addr }) => addr === 'a:1');
          assert.deepEqual(moved?.metadata, { zone: 'new' });
          assert.equal(directory.status('svc').unconfirmed, 0);
        });

    it('keeps it over a new list of the one prefix, until the other one is listed', async () => {
      await followed(['a:1', 'b:1'], ['c:1']);
      await apply(() => go().resync());
      await advance(5_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
      await apply(() => lines().values({ a: 'a:1', c: 'c:1' }));
      assert.deepEqual(shown(), ['lines a:1', 'lines c:1', 'endpoints b:1']);
      await advance(11_000);
      assert.deepEqual(shown(), ['lines a:1', 'lines c:1']);
    });

    it('may lack it for a moment without a protection time', async () => {
      useDirectory({ lossProtection: { protectionMs: 0 } });
      await followed(['a:1'], ['c:1']);
      await apply(() => go().remove('a:1'));
      assert.deepEqual(shown(), ['lines c:1']);
    });
  });

  describe('with an address that has records in both', () => {
    it('has one endpoint, with the metadata of the first format', async () => {
      await followIn(directory);
      await apply(() => {
        go().values({ x: goValue('A.example:1', { zone: 'first' }) });
        lines().values({ x: 'a.example:1 second' });
      });
      const { endpoints = [] } = directory.get('svc') ?? {};
      assert.deepEqual(
        endpoints.map(({ addr, metadata }) => [addr, metadata]),
        [['A.example:1', { zone: 'first' }]],
      );
    });

    it('has that of the second format once the first one is deleted, without a moment without it', async () => {
      const { received } = await followed(['a:1', 'b:1'], ['a:1']);
      assert.deepEqual(shown(), ['endpoints a:1', 'endpoints b:1']);
      await apply(() => go().remove('a:1'));
      assert.deepEqual(shown(), ['lines a:1', 'endpoints b:1']);
      await apply(() => go().put('a:1', goValue('a:1')));
      assert.deepEqual(received, ['[a:1,b:1]', '[a:1,b:1]', '[a:1,b:1]']);
      assert.deepEqual(shown(), ['endpoints a:1', 'endpoints b:1']);
    });

    it('keeps all records of the first format', async () => {
      await followIn(directory);
      await apply(() => {
        go().values({ x: goValue('a:1', { weight: 1 }), y: goValue('a:1', { weight: 2 }) });
        lines().values({ x: 'a:1' });
      });
      assert.deepEqual(shown(), ['endpoints a:1', 'endpoints a:1']);
    });
  });

  describe('that loses records', () => {
    it('asks each prefix before it believes that it is empty', async () => {
      await followed(['a:1'], ['c:1']);
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['endpoints a:1'], 'half of the service is below the threshold');
      assert.deepEqual([go().reads, lines().reads], [1, 1]);
      lines().answer = async () => false;
      await apply(() => go().remove('a:1'));
      await advance(500);
      assert.deepEqual(shown(), ['endpoints a:1']);
      assert.equal(directory.status('svc').unconfirmed, 1);
      assert.deepEqual([go().reads, lines().reads], [2, 2]);
      lines().answer = async () => true;
      await advance(25_000);
      assert.deepEqual(shown(), [], 'after the protection time, which restarts after a failed read');
    });

    it('does not lose an address that another prefix has', async () => {
      useDirectory({ codec: [goEndpoints, lineCodec], lossProtection: { lossThreshold: 0.5 } });
      await followed(['A:1', 'b:1', 'x:1'], ['a:1', 'b:1', 'c:1']);
      await apply(() => {
        for (const id of ['A:1', 'b:1', 'x:1']) go().remove(id);
      });
      assert.deepEqual(shown(), ['lines a:1', 'lines b:1', 'lines c:1']);
    });

    it('sends few reads for many losses', async () => {
      const addrs = Array.from({ length: 1_000 }, (_, i) => `a:${i + 1}`);
      await followed(addrs, ['c:1']);
      for (const addr of addrs) go().remove(addr);
      await advance(1_000);
      assert.deepEqual(shown(), ['lines c:1']);
      assert.ok(go().reads <= 3, `${go().reads} reads`);
    });

    it('compares the lost addresses with those of all prefixes', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5, includeLive: true } });
      await followed(['a:1', 'b:1', 'c:1', 'd:1'], ['a:1', 'b:1', 'c:1', 'd:1']);
      await apply(() => {
        for (const id of ['a:1', 'b:1']) go().remove(id);
      });
      assert.equal(directory.status('svc').unconfirmed, 0);
      await apply(() => lines().remove('a:1'));
      assert.equal(shown()?.length, 3, 'one of four is lost');
      assert.equal(directory.status('svc').unconfirmed, 0);
      await apply(() => lines().remove('b:1'));
      assert.equal(shown()?.length, 4, 'two of four are lost, although six of eight records are left');
    });

    it('treats a loss as one after a reconnect while another prefix is not followed', async () => {
      await followed([], ['c:1']);
      go().fresh = false;
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['lines c:1']);
      go().fresh = true;
      await advance(9_500);
      assert.deepEqual(shown(), ['lines c:1'], 'the protection time restarts when it is followed again');
      await advance(15_000);
      assert.deepEqual(shown(), []);
    });

    for (const [whose, interrupted] of [
      ['another prefix', () => go()],
      ['the same prefix', () => lines()],
    ] as const)
      it(`waits for the protection time if the watch of ${whose} was interrupted shortly before`, async () => {
        await followed([], ['c:1']);
        Object.assign(interrupted(), { reconnects: 1, forMs: 0 });
        await apply(() => lines().remove('c:1'));
        await advance(9_000);
        assert.deepEqual(shown(), ['lines c:1']);
        await advance(2_000);
        assert.deepEqual(shown(), []);
      });

    it('believes a read at once if no watch was interrupted', async () => {
      await followed([], ['c:1']);
      await apply(() => lines().remove('c:1'));
      await settled();
      assert.deepEqual(shown(), []);
    });

    it('restarts the protection when the watch of another prefix was interrupted', async () => {
      await followed([], ['c:1']);
      lines().answer = async () => false;
      await apply(() => lines().remove('c:1'));
      assert.deepEqual(shown(), ['lines c:1']);
      go().reconnects++;
      go().forMs = 0;
      lines().answer = async () => true;
      await advance(5_000);
      assert.deepEqual(shown(), ['lines c:1']);
      await advance(15_000);
      assert.deepEqual(shown(), []);
    });

    it('keeps them after a wipe until they are registered again, also before each prefix was listed', async () => {
      await followed(['a:1'], ['c:1']);
      await apply(() => go().resync());
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1']);
      await apply(() => lines().resync());
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1']);
      await apply(() => lines().put('c:1', 'c:1'));
      await advance(15_000);
      assert.deepEqual(shown(), ['lines c:1']);
    });
  });

  describe('with values that are not endpoints', () => {
    it('has the keys of all prefixes', async () => {
      await followIn(directory);
      await apply(() => {
        go().values({ bad: '{', good: goValue('a:1') });
        lines().values({ bad: 'no line' });
      });
      assert.deepEqual([...(directory.get('svc')?.invalid ?? [])].sort(), ['/lines/svc/bad', 'svc/bad']);
      await apply(() => go().remove('bad'));
      assert.deepEqual([...(directory.get('svc')?.invalid ?? [])], ['/lines/svc/bad']);
    });
  });

  describe('of which the view is stored', () => {
    const stored = new Map<string, Uint8Array>();
    const snapshots = {
      load: async (target: string) => stored.get(target),
      save: async (target: string, bytes: Uint8Array) => void stored.set(target, bytes),
    };
    beforeEach(() => stored.clear());

    async function saveView(codec: DirectoryOptions['codec']): Promise<void> {
      useDirectory({ snapshots, ...(codec ? { codec } : {}) });
      await followIn(directory);
      await apply(() => etcd.mirrors.forEach((one) => void one.values({ x: goValue('a:1'), y: 'c:1' })));
      await advance(1_000);
      await directory.close();
    }

    it('is shown while etcd does not answer, with the formats of its records', async () => {
      await saveView([goEndpoints, lineCodec]);
      useDirectory({ snapshots });
      await followIn(directory);
      await apply(() => go().snapshot('b:1'));
      await advance(1_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1'], 'not the answer of one prefix alone');
      assert.equal(directory.status('svc').source, 'disk');
      await apply(() => lines().values({ y: 'c:1' }));
      assert.deepEqual(shown(), ['lines c:1', 'endpoints b:1']);
    });

    it('is apart from views in other formats, under other prefixes and in another order', async () => {
      const elsewhere: EndpointCodec = { ...lineCodec, keyPrefix: (service) => `/elsewhere/${service}/` };
      const all: DirectoryOptions['codec'][] = [
        goEndpoints,
        lineCodec,
        elsewhere,
        [goEndpoints, lineCodec],
        [lineCodec, goEndpoints],
      ];
      for (const codec of all) await saveView(codec);
      assert.equal(stored.size, all.length);
      assert.ok(stored.has('svc'), 'the default format has the name of the service');
    });
  });

  describe('that is followed again', () => {
    it('is compared with the remembered view if the store was replaced before one prefix was read', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      const { unsubscribe } = await followed(['a:1'], ['c:1']);
      await apply(() => go().push({ type: 'delta', revision: 50n, puts: new Map(), deletes: new Set() }));
      unsubscribe();
      await advance(5_000);
      await followIn(directory);
      await apply(() => {
        go().push({ type: 'snapshot', reason: 'initial', revision: 60n, kvs: new Map() });
        lines().values({ 'd:1': 'd:1' });
      });
      assert.deepEqual(shown(), ['lines c:1', 'lines d:1', 'endpoints a:1']);
      assert.equal(directory.get('svc')?.revision, 60n, 'the newest revision');
    });

    it('trusts the first lists of a store that was not replaced', async () => {
      useDirectory({ lossProtection: { lossThreshold: 0.5 } });
      const { unsubscribe } = await followed(['a:1'], ['c:1']);
      unsubscribe();
      await advance(5_000);
      await followed(['b:1'], ['d:1']);
      assert.deepEqual(shown(), ['lines d:1', 'endpoints b:1']);
    });
  });

  describe('with prefixes that are not separate', () => {
    it('has one mirror for codecs with the same prefix, which are tried in order', async () => {
      const beside: EndpointCodec = { ...lineCodec, keyPrefix: (service) => `${service}/` };
      useDirectory({ codec: [goEndpoints, beside] });
      await followIn(directory);
      assert.equal(etcd.mirrors.length, 1);
      await apply(() =>
        go().values({ a: goValue('a:1', { zone: 'go' }), b: 'b:1', c: 'a:1 lines', d: 'neither' }),
      );
      assert.deepEqual(shown(), ['endpoints a:1', 'lines b:1']);
      assert.deepEqual([...(directory.get('svc')?.invalid ?? [])], ['svc/d']);
      await apply(() => go().remove('a'));
      assert.deepEqual(shown(), ['lines b:1', 'lines a:1']);
    });

    it('is refused if one contains the other', async () => {
      const inner: EndpointCodec = { ...lineCodec, keyPrefix: (service) => `${service}/lines/` };
      for (const codec of [
        [goEndpoints, inner],
        [inner, goEndpoints],
      ]) {
        useDirectory({ codec });
        assert.throws(() => directory.follow('svc', { onView() {}, onFailure() {} }), NamingError);
        await assert.rejects(directory.ready('svc'), /one contains the other: 'svc\/' and 'svc\/lines\/'/);
        etcd.close();
      }
    });
  });

  it('is refused with two codecs of the same name, and without any', () => {
    const twice = [lineCodec, { ...lineCodec }];
    assert.throws(() => useDirectory({ codec: twice }), /codec has two codecs named 'lines'/);
    assert.throws(() => useDirectory({ codec: [] }), InvalidInputError);
    const nested = [[lineCodec]] as unknown as readonly EndpointCodec[];
    assert.throws(() => useDirectory({ codec: nested }), /codec\[0\] .* one codec; only readers/);
    const manager = { codec: [lineCodec] as unknown as EndpointCodec };
    assert.throws(() => new EndpointManager(etcd.client, 'svc', manager), /one codec; only readers/);
    assert.throws(() => useDirectory({ codec: [{} as EndpointCodec] }), /codec\[0\]/);
  });
});
