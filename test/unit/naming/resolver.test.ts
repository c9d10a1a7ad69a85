import assert from 'node:assert/strict';
import { type ChannelOptions, experimental, type ServiceConfig } from '@grpc/grpc-js';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { EtcdResolver } from '#src/naming/grpc/resolver.js';
import { NamingError, ServiceDirectory } from '#src/naming/index.js';
import { until } from '#src/testing/wait.js';
import { FakeClient, settled } from './fake-service.js';

/** What the listener was told, addresses or an error's text, and with which attributes and service config. */
interface Told {
  readonly what: readonly string[] | string;
  readonly attributes: object;
  readonly config: ServiceConfig | null;
  readonly note: string;
}

describe('a resolver', () => {
  let etcd: FakeClient;
  let directory: ServiceDirectory;
  let inUse: Set<EtcdResolver>;
  let told: Told[];
  let resolvers: EtcdResolver[];

  beforeEach(() => {
    etcd = new FakeClient();
    directory = new ServiceDirectory(etcd.client);
    inUse = new Set();
    told = [];
    resolvers = [];
  });

  afterEach(() => {
    for (const resolver of resolvers) resolver.destroy();
    etcd.close();
  });

  const listener: experimental.ResolverListener = (endpoints, attributes, config, note) => {
    const what = endpoints.ok
      ? endpoints.value.map(({ addresses }) => addresses.map(experimental.subchannelAddressToString).join())
      : endpoints.error.details;
    if (!endpoints.ok) assert.equal(endpoints.error.code, 14);
    told.push({ what, attributes, config: config?.ok ? config.value : null, note });
    return true;
  };

  function start(options: ChannelOptions = {}, error?: string): EtcdResolver {
    const locate = () => (error === undefined ? { directory, service: 'svc' } : { error });
    const resolver = new EtcdResolver(
      {
        resolveTarget: locate,
        inUse,
        selection: {},
        connectTimeoutMs: 10_000,
        balance: undefined,
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
  const tells = () => told.map(({ what }) => what);
  const toldInTime = (count: number) =>
    until(`${count} reports`, { timeoutMs: 2_000 }, () => told.length >= count);

  /** Changes that follow each other within 20 ms are told together: after 40 ms each stands for itself. */
  const coalescerRests = () => {
    const since = performance.now();
    return until('quiet', { timeoutMs: 2_000 }, () => performance.now() - since > 40);
  };

  it('tells nothing from within its constructor or updateResolution()', () => {
    start();
    start({}, 'no such thing');
    assert.deepEqual(told, []);
  });

  it('tells the addresses with round_robin and no attributes', async () => {
    start();
    mirror().snapshot('b:2', 'a:1');
    await settled();
    assert.deepEqual(told, [
      {
        what: ['a:1', 'b:2'],
        attributes: {},
        config: { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] },
        note: '',
      },
    ]);
  });

  it('leaves the service config to the user who set one', async () => {
    start({ 'grpc.service_config': '{}' });
    mirror().snapshot('a:1');
    await settled();
    assert.equal(told[0]?.config, null);
  });

  it('tells nothing when the addresses are what they were', async () => {
    start();
    mirror().snapshot('a:1', 'b:1');
    await settled();
    for (const change of [
      () => mirror().put('a:1', '{"Addr":"a:1","Metadata":{"weight":7}}'),
      () => mirror().put('again', '{"Addr":"b:1"}'),
      () => mirror().put('bad', 'not an endpoint'),
      () => mirror().snapshot('b:1', 'a:1'),
    ]) {
      await coalescerRests();
      change();
    }
    await coalescerRests();
    mirror().put('c:1', '{"Addr":"c:1"}');
    await toldInTime(2);
    assert.deepEqual(tells(), [
      ['a:1', 'b:1'],
      ['a:1', 'b:1', 'c:1'],
    ]);
  });

  it('tells a burst of changes in few reports, the last of them right', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    for (let i = 0; i < 50; i++) mirror().put(`b:${i}`, `{"Addr":"b:${i + 1}"}`);
    await until('all are told', { timeoutMs: 2_000 }, () => told[told.length - 1]?.what.length === 51);
    assert.ok(told.length <= 3, `${told.length} reports`);
  });

  it('tells a service that empties as soon as that is confirmed, without a pause after the loss was held', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    await coalescerRests();
    mirror().remove('a:1');
    await settled();
    assert.deepEqual(tells(), [['a:1'], [], "no endpoints under 'svc/' at etcd revision 3"]);
  });

  it('tells an empty service as an error that names it', async () => {
    start();
    mirror().snapshot();
    await settled();
    assert.deepEqual(tells(), ["no endpoints under 'svc/' at etcd revision 2"]);
  });

  it('takes the endpoints from a policy that has some, with the reason as the note, before it tells the error', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    mirror().put('a:1', '{}');
    await toldInTime(3);
    const reason = told[2]?.what;
    assert.match(
      String(reason),
      /^none of the 1 records under 'svc\/' at etcd revision \d+ has a usable address$/,
    );
    assert.deepEqual(
      told.map(({ what, note }) => [what, note]),
      [
        [['a:1'], ''],
        [[], reason],
        [reason, ''],
      ],
    );
  });

  it('tells a service empty through bad records as such', async () => {
    start();
    mirror().values({ text: 'x', socket: '{"Addr":"unix:/x"}', none: '{}' });
    await settled();
    assert.deepEqual(tells(), ["none of the 3 records under 'svc/' at etcd revision 2 has a usable address"]);
  });

  it('tells why it cannot resolve, once, when that is final', async () => {
    start();
    mirror().failure(new EtcdError('nobody there', { code: Code.UNAVAILABLE, verdict: 'not-applied' }));
    await settled();
    assert.deepEqual(told, []);
    mirror().failure(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await settled();
    assert.deepEqual(tells(), ["cannot resolve 'svc/' in etcd: PERMISSION_DENIED: no"]);
    mirror().snapshot('a:1');
    await toldInTime(2);
    assert.deepEqual(tells()[1], ['a:1']);
  });

  it('tells no trouble once it has told addresses', async () => {
    start();
    mirror().snapshot('a:1');
    await settled();
    mirror().fail(new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED }));
    await settled();
    assert.deepEqual(tells(), [['a:1']]);
  });

  it('tells why there is nothing to follow', async () => {
    start({}, new NamingError('invalid target').message);
    await settled();
    assert.deepEqual(tells(), ['INVALID_ARGUMENT: invalid target']);
    assert.equal(inUse.size, 0);
  });

  it('does nothing more for repeated re-resolution', async () => {
    const resolver = start();
    mirror().snapshot('a:1');
    await settled();
    for (let i = 0; i < 10; i++) resolver.updateResolution();
    await settled();
    assert.deepEqual(tells(), [['a:1']]);
    assert.equal(etcd.mirrors.length, 1);
  });

  describe('that was destroyed', () => {
    it('tells nothing more', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      mirror().put('b:1', '{"Addr":"b:1"}');
      resolver.destroy();
      resolver.destroy();
      mirror().put('c:1', '{"Addr":"c:1"}');
      await settled();
      assert.deepEqual(tells(), [['a:1']]);
      assert.equal(inUse.size, 0);
    });

    it('tells nothing when it was before anything was known, not even why there is nothing to follow', async () => {
      start().destroy();
      start({}, 'no such thing').destroy();
      mirror().snapshot('a:1');
      await settled();
      assert.deepEqual(told, []);
    });

    it('tells the addresses again when it is used again, though nothing changed', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      resolver.destroy();
      resolver.updateResolution();
      await toldInTime(2);
      assert.deepEqual(tells(), [['a:1'], ['a:1']]);
      assert.equal(etcd.mirrors.length, 1);
    });
  });

  describe('whose registration was taken back', () => {
    it('tells that in the place of the addresses, and nothing more', async () => {
      const resolver = start();
      mirror().snapshot('a:1');
      await settled();
      resolver.revoke('it was disposed');
      mirror().snapshot('b:1');
      await settled();
      assert.deepEqual(tells(), [['a:1'], [], 'it was disposed']);
    });
  });
});
