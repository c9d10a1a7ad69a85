import assert from 'node:assert/strict';
import { Code, EtcdError, InvalidInputError, PermissionDeniedError } from '#src/errors/index.js';
import {
  type DirectoryOptions,
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  NamingError,
} from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';
import { goValue, useTwoFormats } from './use-two-formats.js';

const unreachable = new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
const denied = new PermissionDeniedError('permission denied', {
  code: Code.PERMISSION_DENIED,
  verdict: 'final',
});

describe('a service whose records are in two formats', () => {
  const { fixture, useDirectory, go, lines, apply, advance, shown, followed } = useTwoFormats();

  describe('whose prefixes are read one after the other', () => {
    it('is known when every prefix has been read, in the order of the keys', async () => {
      const { received } = await followIn(fixture.directory);
      assert.deepEqual(fixture.etcd.mirrors.map(({ prefix }) => prefix).sort(), ['/lines/svc/', 'svc/']);
      await apply(() => go().snapshot('a:1'));
      await apply(() => go().put('b:1', goValue('b:1')));
      assert.deepEqual(received, []);
      assert.equal(fixture.directory.status('svc').state, 'unknown');
      await apply(() => lines().values({ c: 'c:1 z' }));
      assert.deepEqual(received, ['[c:1,a:1,b:1]']);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1', 'endpoints b:1']);
      assert.equal(fixture.directory.status('svc').source, 'live');
    });

    it('is ready then, and not before', async () => {
      const ready = fixture.directory.ready('svc', { minEndpoints: 0 });
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
      const ready = fixture.directory.ready('svc', { timeoutMs: 1_000 });
      await settled();
      await apply(() => go().snapshot('a:1'));
      fixture.clock.advance(1_000);
      await assert.rejects(ready, /'svc\/' and '\/lines\/svc\/' did not have 1 endpoints within 1000 ms/);
    });

    it('fails with the error of a prefix that may not be read', async () => {
      const ready = assert.rejects(fixture.directory.ready('svc'), PermissionDeniedError);
      const { received } = await followIn(fixture.directory);
      await apply(() => lines().fail(denied));
      await ready;
      await apply(() => go().snapshot('a:1'));
      assert.deepEqual(received, [denied.message]);
      assert.deepEqual((await followIn(fixture.directory)).received, [denied.message]);
      assert.equal(fixture.directory.get('svc'), undefined);
    });

    it('reports no failure that is over to a later subscriber', async () => {
      await followIn(fixture.directory);
      await apply(() => lines().failure(unreachable));
      await apply(() => lines().values({}));
      assert.deepEqual((await followIn(fixture.directory)).received, []);
    });
  });

  describe('with an address that has records in both', () => {
    it('has one endpoint, with the metadata of the first format', async () => {
      await followIn(fixture.directory);
      await apply(() => {
        go().values({ x: goValue('A.example:1', { zone: 'first' }) });
        lines().values({ x: 'a.example:1 second' });
      });
      const { endpoints = [] } = fixture.directory.get('svc') ?? {};
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
      await followIn(fixture.directory);
      await apply(() => {
        go().values({ x: goValue('a:1', { weight: 1 }), y: goValue('a:1', { weight: 2 }) });
        lines().values({ x: 'a:1' });
      });
      assert.deepEqual(shown(), ['endpoints a:1', 'endpoints a:1']);
    });
  });

  describe('with values that are not endpoints', () => {
    it('has the keys of all prefixes', async () => {
      await followIn(fixture.directory);
      await apply(() => {
        go().values({ bad: '{', good: goValue('a:1') });
        lines().values({ bad: 'no line' });
      });
      assert.deepEqual([...(fixture.directory.get('svc')?.invalid ?? [])].sort(), [
        '/lines/svc/bad',
        'svc/bad',
      ]);
      await apply(() => go().remove('bad'));
      assert.deepEqual([...(fixture.directory.get('svc')?.invalid ?? [])], ['/lines/svc/bad']);
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
      await followIn(fixture.directory);
      await apply(() =>
        fixture.etcd.mirrors.forEach((one) => void one.values({ x: goValue('a:1'), y: 'c:1' })),
      );
      await advance(1_000);
      await fixture.directory.close();
    }

    it('is shown while etcd does not answer, with the formats of its records', async () => {
      await saveView([goEndpoints, lineCodec]);
      useDirectory({ snapshots });
      await followIn(fixture.directory);
      await apply(() => go().snapshot('b:1'));
      await advance(1_000);
      assert.deepEqual(shown(), ['lines c:1', 'endpoints a:1'], 'not the answer of one prefix alone');
      assert.equal(fixture.directory.status('svc').source, 'disk');
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

  describe('with prefixes that are not separate', () => {
    it('has one mirror for codecs with the same prefix, which are tried in order', async () => {
      const beside: EndpointCodec = { ...lineCodec, keyPrefix: (service) => `${service}/` };
      useDirectory({ codec: [goEndpoints, beside] });
      await followIn(fixture.directory);
      assert.equal(fixture.etcd.mirrors.length, 1);
      await apply(() =>
        go().values({ a: goValue('a:1', { zone: 'go' }), b: 'b:1', c: 'a:1 lines', d: 'neither' }),
      );
      assert.deepEqual(shown(), ['endpoints a:1', 'lines b:1']);
      assert.deepEqual([...(fixture.directory.get('svc')?.invalid ?? [])], ['svc/d']);
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
        assert.throws(() => fixture.directory.follow('svc', { onView() {}, onFailure() {} }), NamingError);
        await assert.rejects(
          fixture.directory.ready('svc'),
          /one contains the other: 'svc\/' and 'svc\/lines\/'/,
        );
        fixture.etcd.close();
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
    assert.throws(() => new EndpointManager(fixture.etcd.client, 'svc', manager), /one codec; only readers/);
    assert.throws(() => useDirectory({ codec: [{} as EndpointCodec] }), /codec\[0\]/);
  });
});
