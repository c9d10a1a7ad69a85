import assert from 'node:assert/strict';
import { type ChannelOptions, experimental, type ServiceConfig } from '@grpc/grpc-js';
import { diagnosticsOf } from '#src/diagnostics/index.js';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { EtcdResolver } from '#src/naming/grpc/resolver/resolver.js';
import { NamingError, ServiceDirectory } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { FakeClient, settled } from './fake-service.js';

/** One call of the listener: addresses or an error's text, with attributes, service config and note. */
interface ResolverUpdate {
  readonly result: readonly string[] | string;
  readonly attributes: object;
  readonly config: ServiceConfig | null;
  readonly note: string;
}

describe('a resolver', () => {
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let inUse: Set<EtcdResolver>;
  let updates: ResolverUpdate[];
  let lists: (readonly experimental.Endpoint[])[];
  let resolvers: EtcdResolver[];

  beforeEach(() => {
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client);
    inUse = new Set();
    updates = [];
    lists = [];
    resolvers = [];
  });

  afterEach(() => {
    for (const resolver of resolvers) resolver.destroy();
    etcd.close();
  });

  const listener: experimental.ResolverListener = (endpoints, attributes, config, note) => {
    const result = endpoints.ok
      ? endpoints.value.map(({ addresses }) => addresses.map(experimental.subchannelAddressToString).join())
      : endpoints.error.details;
    if (endpoints.ok) lists.push(endpoints.value);
    else assert.equal(endpoints.error.code, 14);
    updates.push({ result, attributes, config: config?.ok ? config.value : null, note });
    return true;
  };

  function start(options: ChannelOptions = {}, error?: string): EtcdResolver {
    const resolveTarget = () => (error === undefined ? { directory, service: 'svc' } : { error });
    const resolver = new EtcdResolver(
      {
        resolveTarget: resolveTarget,
        diagnostics: diagnosticsOf(etcd),
        inUse,
        selection: {},
        connectTimeoutMs: 10_000,
        policy: [{ round_robin: {} }],
        serviceConfigSource: undefined,
      },
      { scheme: 'etcd', path: 'svc' },
      listener,
      options,
    );
    resolvers.push(resolver);
    resolver.updateResolution();
    return resolver;
  }

  const mirror = () => etcd.mirrors[etcd.mirrors.length - 1]!;
  const results = () => updates.map(({ result }) => result);
  const untilUpdates = (count: number) =>
    until(`${count} updates`, { timeoutMs: 2_000 }, () => updates.length >= count);

  /** Changes within 20 ms are combined; 40 ms of quiet separate them. */
  const untilQuiet = () => {
    const since = performance.now();
    return until('40 ms have passed', { timeoutMs: 2_000 }, () => performance.now() - since > 40);
  };

  it('does not call the listener from its constructor or updateResolution()', () => {
    start();
    start({}, 'no such thing');
    assert.deepEqual(updates, []);
  });

  it('emits the addresses with round_robin and no attributes', async () => {
    start();
    mirror().snapshot('b:2', 'a:1');
    await settled();
    assert.deepEqual(updates, [
      {
        result: ['a:1', 'b:2'],
        attributes: {},
        config: { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] },
        note: '',
      },
    ]);
  });

  it('emits no service config when the channel has its own', async () => {
    start({ 'grpc.service_config': '{}' });
    mirror().snapshot('a:1');
    await settled();
    assert.equal(updates[0]?.config, null);
  });

  it('emits nothing when the addresses are unchanged', async () => {
    start();
    mirror().snapshot('a:1', 'b:1');
    await settled();
    for (const change of [
      () => mirror().put('a:1', '{"Addr":"a:1","Metadata":{"weight":7}}'),
      () => mirror().put('again', '{"Addr":"b:1"}'),
      () => mirror().put('bad', 'not an endpoint'),
      () => mirror().snapshot('b:1', 'a:1'),
    ]) {
      await untilQuiet();
      change();
    }
    await untilQuiet();
    mirror().put('c:1', '{"Addr":"c:1"}');
    await untilUpdates(2);
    assert.deepEqual(results(), [
      ['a:1', 'b:1'],
      ['a:1', 'b:1', 'c:1'],
    ]);
  });

  it('emits the same object for an address whose record is unchanged', async () => {
    start();
    mirror().snapshot('a:1', 'b:1');
    await settled();
    mirror().put('c:1', '{"Addr":"c:1"}');
    await untilUpdates(2);
    const [first = [], second = []] = lists;
    assert.deepEqual([first.length, second.length], [2, 3]);
    for (const [i, endpoint] of first.entries()) assert.equal(second[i], endpoint);
  });

  it('emits a burst of changes in few updates, the last of them complete', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    for (let i = 0; i < 50; i++) mirror().put(`b:${i}`, `{"Addr":"b:${i + 1}"}`);
    await until(
      'all are updates',
      { timeoutMs: 2_000 },
      () => updates[updates.length - 1]?.result.length === 51,
    );
    assert.ok(updates.length <= 3, `${updates.length} updates`);
  });

  it('emits a service that empties as soon as a read confirms it, without a pause after the loss', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    await untilQuiet();
    mirror().remove('a:1');
    await settled();
    assert.deepEqual(results(), [['a:1'], [], "no endpoints under 'svc/' at etcd revision 3"]);
  });

  it('emits an empty service as an error that names it', async () => {
    start();
    mirror().snapshot();
    await settled();
    assert.deepEqual(results(), ["no endpoints under 'svc/' at etcd revision 2"]);
  });

  it('emits an empty list with the reason before it emits the error', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    mirror().put('a:1', '{}');
    await untilUpdates(3);
    const reason = updates[2]?.result;
    assert.match(
      String(reason),
      /^none of the 1 records under 'svc\/' at etcd revision \d+ has a usable address$/,
    );
    assert.deepEqual(
      updates.map(({ result, note }) => [result, note]),
      [
        [['a:1'], ''],
        [[], reason],
        [reason, ''],
      ],
    );
  });

  it('names the unusable records of an empty service', async () => {
    start();
    mirror().values({ text: 'x', socket: '{"Addr":"unix:/x"}', none: '{}' });
    await settled();
    assert.deepEqual(results(), [
      "none of the 3 records under 'svc/' at etcd revision 2 has a usable address",
    ]);
  });

  it('emits a final failure once', async () => {
    start();
    mirror().failure(new EtcdError('unreachable', { code: Code.UNAVAILABLE, verdict: 'not-applied' }));
    await settled();
    assert.deepEqual(updates, []);
    mirror().failure(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await settled();
    assert.deepEqual(results(), ["cannot resolve 'svc/' in etcd: PERMISSION_DENIED: no"]);
    mirror().snapshot('a:1');
    await untilUpdates(2);
    assert.deepEqual(results()[1], ['a:1']);
  });

  it('emits no failure after addresses', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    mirror().fail(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await settled();
    assert.deepEqual(results(), [['a:1']]);
  });

  it('emits the error of a target without a service', async () => {
    start({}, new NamingError('invalid target').message);
    await settled();
    assert.deepEqual(results(), ['INVALID_ARGUMENT: invalid target']);
    assert.equal(inUse.size, 0);
  });

  it('ignores further re-resolutions', async () => {
    const resolver = start();
    mirror().snapshot('a:1');
    await settled();
    for (let i = 0; i < 10; i++) resolver.updateResolution();
    await settled();
    assert.deepEqual(results(), [['a:1']]);
    assert.equal(etcd.mirrors.length, 1);
  });

  describe('after destroy()', () => {
    it('emits nothing', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      mirror().put('b:1', '{"Addr":"b:1"}');
      resolver.destroy();
      resolver.destroy();
      mirror().put('c:1', '{"Addr":"c:1"}');
      await settled();
      assert.deepEqual(results(), [['a:1']]);
      assert.equal(inUse.size, 0);
    });

    it('emits nothing if it was destroyed before the first view, not even the error of its target', async () => {
      start().destroy();
      start({}, 'no such thing').destroy();
      mirror().snapshot('a:1');
      await settled();
      assert.deepEqual(updates, []);
    });

    it('emits unchanged addresses again when it is used again', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      resolver.destroy();
      resolver.updateResolution();
      await untilUpdates(2);
      assert.deepEqual(results(), [['a:1'], ['a:1']]);
      assert.equal(etcd.mirrors.length, 1);
    });
  });

  describe('after its registration was revoked', () => {
    it('emits the reason instead of the addresses, and nothing after it', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      resolver.revoke('it was disposed');
      mirror().snapshot('b:1');
      await settled();
      assert.deepEqual(results(), [['a:1'], [], 'it was disposed']);
    });
  });
});
