import assert from 'node:assert/strict';
import { Server } from '@grpc/grpc-js';
import { EtcdClient, type TlsOptions } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { dial, registerEtcdResolver, registerServer } from '#src/naming/grpc/index.js';
import { readServiceConfig } from '#src/naming/grpc/service-config.js';
import { advertiseAddress, EndpointManager, register } from '#src/naming/index.js';
import { AuthGateway } from '../../support/auth-gateway.js';
import { secretOf } from '../../support/canary.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, useClients } from '../client/support.js';

/** A mistake, how it is made, and the whole text that it is answered with. */
type Row = readonly [mistake: string, make: () => unknown, text: RegExp];

/** What plain JavaScript lets through. */
const untyped = (value: unknown) => value as never;

function say(rows: readonly Row[]): void {
  for (const [mistake, make, text] of rows) {
    it(`${mistake}: ${text.source}`, async () => {
      await assert.rejects(
        async () => make(),
        (error: unknown) => {
          assert.ok(error instanceof EtcdError, `${error} is no error of the library`);
          assert.match(error.message, text);
          return true;
        },
      );
    });
  }
}

async function next(iterable: AsyncIterable<unknown>): Promise<unknown> {
  return iterable[Symbol.asyncIterator]().next();
}

describe('the text of an error that comes from etcd says what was asked:', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const client = () => connect(etcd().endpoints);
  const binary = Buffer.of(0x61, 0xff);

  say([
    [
      'unknown lease',
      () => client().lease.revoke(0x4dn),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(LeaseRevoke\)$/,
    ],
    [
      'unknown lease, renewed',
      () => client().lease.keepAliveOnce(0x4dn),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(LeaseKeepAlive\)$/,
    ],
    [
      'unknown lease of a put',
      () => client().kv.put('texts/a', 'v', { lease: 0x4dn }),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(Put 'texts\/a'\)$/,
    ],
    [
      'a put without a value to keep',
      () => client().kv.put('texts/none', undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'texts\/none'\)$/,
    ],
    [
      'a read in the future',
      () => client().kv.range({ prefix: 'texts/' }, { revision: 2n ** 60n }),
      /^OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision \(Range the prefix 'texts\/' at revision 1152921504606846976\)$/,
    ],
    [
      'a stream in the future, of all keys from one that is not text',
      () => next(client().kv.stream({ fromKey: binary }, { revision: 2n ** 60n })),
      /future revision \(Range(Stream)? the keys from 'a\\udcff' at revision \d+\)$/,
    ],
    [
      'a compaction in the future',
      () => client().kv.compact(2n ** 60n),
      /^OUT_OF_RANGE: .* future revision \(Compact at revision 1152921504606846976\)$/,
    ],
    [
      'a key of 10,000 characters',
      () => client().kv.put('k'.repeat(10_000), undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'k{200}…'\)$/,
    ],
  ]);

  it('compacted watch: list first, then watch from the list’s revision', async function () {
    skipUnlessBreakable(this, etcd());
    const one = client();
    await one.kv.put('texts/a', '1');
    const { revision } = await one.kv.put('texts/a', '2');
    await one.kv.compact(revision);
    await assert.rejects(next(one.watch('texts/a', { startRevision: 1n })), (error: EtcdError) => {
      const text = `the watch needs revision 1, but history before ${revision} is compacted: list first, then watch from the list's revision + 1 (or use mirror()) (Watch 'texts/a')`;
      assert.equal(error.message, `OUT_OF_RANGE: ${text}`);
      assert.equal((error as EtcdError & { compactRevision: bigint }).compactRevision, revision);
      return true;
    });
  });
});

describe('the text of an error of etcd’s authentication says who asked for what:', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const password = secretOf('shop');
  const gateway = new AuthGateway(etcd, secretOf('root'));
  const shop = (): EtcdClient => connect(etcd().endpoints, { auth: { username: 'shop', password } });

  before(async function () {
    skipUnlessBreakable(this, etcd());
    await gateway.addRoot();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    await gateway.call('user/add', { name: 'shop', password });
    await gateway.call('role/add', { name: 'shop' });
    await gateway.call('role/grant', {
      name: 'shop',
      perm: { permType: 'READWRITE', key: base64('shop/'), range_end: base64('shop0') },
    });
    await gateway.call('user/grant', { user: 'shop', role: 'shop' });
    await gateway.enable();
  });

  say([
    [
      'no permission',
      () => shop().kv.get('other/a'),
      /^PERMISSION_DENIED: user 'shop' may not read 'other\/a' \(Range\); grant: etcdctl role grant-permission ROLE read other\/a$/,
    ],
    [
      'no permission to write',
      () => shop().kv.put('other/a', 'v'),
      /^PERMISSION_DENIED: user 'shop' may not write 'other\/a' \(Put\); grant: etcdctl role grant-permission ROLE write other\/a$/,
    ],
    [
      'no permission for a prefix',
      () => shop().kv.delete({ prefix: 'other/' }, { prevKv: true }),
      /^PERMISSION_DENIED: user 'shop' may not read or write the prefix 'other\/' \(DeleteRange\); grant: etcdctl role grant-permission ROLE readwrite --prefix other\/$/,
    ],
    [
      'no permission for a transaction',
      () => shop().kv.txn({ success: ['a', 'b', 'c', 'd', 'e'].map((key) => op.put(key, '')) }),
      /^PERMISSION_DENIED: user 'shop' may not write 'a', 'b', 'c' and 2 more \(Txn\)$/,
    ],
    [
      'no permission for a watch',
      () => next(shop().watch({ prefix: 'other/' }, { startRevision: 1n })),
      /^PERMISSION_DENIED: user 'shop' may not read the prefix 'other\/' \(Watch\); grant: etcdctl role grant-permission ROLE read --prefix other\/$/,
    ],
    [
      'no permission for a stream',
      () => next(shop().kv.stream({ prefix: 'other/' }, { pageSize: 1 })),
      /^PERMISSION_DENIED: user 'shop' may not read the prefix 'other\/' \(Range(Stream)?\); grant: /,
    ],
    [
      'another refusal',
      () => shop().kv.put('shop/none', undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'shop\/none' as user 'shop'\)$/,
    ],
    [
      'wrong password',
      () =>
        connect(etcd().endpoints, { auth: { username: 'shop', password: secretOf('wrong') } }).kv.get('a'),
      /^INVALID_ARGUMENT: user 'shop' or its password was refused: etcdserver: authentication failed, invalid user ID or password \(Authenticate\)$/,
    ],
    [
      'no user',
      () => connect(etcd().endpoints).kv.get('a'),
      /^INVALID_ARGUMENT: authentication is on: give auth, a user and a password or a tokenProvider \(Range 'a'\)$/,
    ],
  ]);
});

describe('the text of an argument’s error names it, with its value and the remedy:', () => {
  const { connect } = useClients();
  const client = () => connect(['127.0.0.1:1']);
  const manager = () => new EndpointManager(client(), 'foo/bar');
  const lease = { id: 7n, ttlSeconds: 10 };
  const withTls = (tls: TlsOptions) => new EtcdClient({ endpoints: ['https://127.0.0.1:1'], tls });
  const tlsVariables = { ETCDCTL_ENDPOINTS: 'http://127.0.0.1:1', ETCDCTL_CACERT: '/ca.pem' };
  const policy = [{ round_robin: {} }];

  say([
    [
      'put of an object',
      () => client().kv.put('a', untyped({ x: 1 })),
      /^INVALID_ARGUMENT: the value of put 'a' is an object; it must be a string or a Uint8Array; pass JSON\.stringify\(value\)$/,
    ],
    [
      'put of a number',
      () => client().kv.txn({ success: [op.put('a', untyped(5))] }),
      /^INVALID_ARGUMENT: the value of put 'a' is a number; it must be a string or a Uint8Array; pass String\(value\)$/,
    ],
    [
      'get of a range',
      () => client().kv.get(untyped({ prefix: 'a' })),
      /^INVALID_ARGUMENT: the key of get\(\) is an object; it must be a string or a Uint8Array; for several use range\(\)$/,
    ],
    [
      'get of a range in a transaction',
      () => op.get(untyped({ prefix: 'a' })),
      /^INVALID_ARGUMENT: the key of op\.get\(\) is an object; .*; for several use op\.range\(\)$/,
    ],
    [
      'put to a range',
      () => client().kv.put(untyped({ prefix: 'a' }), 'v'),
      /^INVALID_ARGUMENT: the key of put\(\) is an object; it must be a string or a Uint8Array$/,
    ],
    [
      'put with a lease itself',
      () => client().kv.put('a', 'v', { lease: untyped(lease) }),
      /^INVALID_ARGUMENT: lease is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'a lease itself in a transaction',
      () => client().kv.txn({ success: [op.put('a', 'v', { lease: untyped(lease) })] }),
      /^INVALID_ARGUMENT: lease is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'a revoke of a lease itself',
      () => client().lease.revoke(untyped(lease)),
      /^INVALID_ARGUMENT: lease id is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'a result for a revision',
      () => client().kv.get('a', { revision: untyped({ revision: 5n }) }),
      /^INVALID_ARGUMENT: revision is an object; pass its revision$/,
    ],
    [
      'op remove',
      () => manager().update([untyped({ op: 'remove', key: 'foo/bar/1' })]),
      /^INVALID_ARGUMENT: endpoints: bad update op: op is 'remove'; it must be one of 'add', 'delete'$/,
    ],
    [
      'no target',
      () => register(client(), untyped({ endpoint: { addr: 'a:1' } })),
      /^INVALID_ARGUMENT: invalid target: target is undefined; it must be a name such as 'foo\/bar'$/,
    ],
    [
      'no service to dial',
      () => dial(untyped(undefined)),
      /^INVALID_ARGUMENT: invalid target: target is undefined; it must be a name such as 'foo\/bar'$/,
    ],
    [
      'swapped arguments of registerServer',
      () => registerServer(untyped(client()), untyped(new Server()), untyped({ addr: 'a:1' })),
      /^INVALID_ARGUMENT: the first argument is an EtcdClient, not a Server of grpc-js$/,
    ],
    [
      'a server for a client',
      () => register(untyped(new Server()), { target: 'a', endpoint: { addr: 'a:1' } }),
      /^INVALID_ARGUMENT: invalid etcd client: the first argument is a Server, not an EtcdClient$/,
    ],
    [
      'options for a client',
      () => new EndpointManager(untyped('foo/bar'), untyped(client())),
      /^INVALID_ARGUMENT: invalid etcd client: the first argument is 'foo\/bar', not an EtcdClient$/,
    ],
    [
      'a service config’s prefix alone',
      () => registerEtcdResolver(client(), { scheme: 'texts', serviceConfig: untyped('x') }),
      /^INVALID_ARGUMENT: serviceConfig is 'x' \(string\); write \{ prefix: 'x' \}$/,
    ],
    [
      'a service config’s timeout without its unit',
      () => readServiceConfig('{"methodConfig":[{"name":[{}],"timeout":"5"}]}', policy, 'config/a'),
      /^INVALID_ARGUMENT: 'config\/a': not a service config: methodConfig\[0\]\.timeout is "5"; write "5s"$/,
    ],
    [
      'a service config’s backoff in words',
      () =>
        readServiceConfig(
          '{"methodConfig":[{},{"retryPolicy":{"maxBackoff":"1 second"}}]}',
          policy,
          'config/a',
        ),
      /methodConfig\[1\]\.retryPolicy\.maxBackoff is "1 second"; write seconds, such as "1\.5s"$/,
    ],
    [
      'tls.ca is a path',
      () => withTls({ ca: '/etc/ssl/ca.pem' }),
      /^INVALID_ARGUMENT: tls\.ca holds no certificate in PEM; for a path use tls\.caFile$/,
    ],
    [
      'certFile without a key',
      () => withTls({ certFile: '/cert.pem' }),
      /^INVALID_ARGUMENT: tls\.keyFile is missing beside tls\.certFile$/,
    ],
    [
      'a key without its certificate',
      () => withTls({ key: '-----BEGIN' }),
      /^INVALID_ARGUMENT: tls\.cert is missing beside tls\.key$/,
    ],
    [
      'tls with http://',
      () => new EtcdClient({ endpoints: ['http://127.0.0.1:1'], tls: {} }),
      /^INVALID_ARGUMENT: tls is given, but the endpoints say http:\/\/: write https:\/\/, or drop tls$/,
    ],
    [
      'a variable that asks for TLS with http://',
      () => EtcdClient.fromEnv({}, tlsVariables),
      /^INVALID_ARGUMENT: ETCDCTL_CACERT asks for TLS, but the endpoints say http:\/\/: write https:\/\/, or leave ETCDCTL_CACERT out$/,
    ],
    [
      'advertiseAddress of a text',
      () => advertiseAddress(untyped('50051')),
      /^INVALID_ARGUMENT: the port is '50051' \(string\); it must be one that is bound, a number from 1 to 65535$/,
    ],
  ]);
});

describe('an etcd that is down', () => {
  const { connect } = useClients();
  const unreachable = /^UNAVAILABLE: member 127\.0\.0\.1:\d+: .*ECONNREFUSED/;
  let client: EtcdClient;

  beforeEach(async () => {
    client = connect([await deadEndpoint()]);
  });

  /** A registration that waits for as long as the test does. */
  function registering(onTrouble?: (error: EtcdError) => void) {
    const abort = new AbortController();
    const target = { target: 'texts/down', endpoint: { addr: 'a:1' }, signal: abort.signal };
    const done = register(client, onTrouble ? { ...target, onTrouble } : target);
    return {
      async stop() {
        abort.abort();
        await assert.rejects(done, { name: 'AbortError' });
      },
    };
  }

  it('is in status() while the first call still waits', async () => {
    let settled = false;
    const events = client.status();
    const call = client.kv.get('a', { timeoutMs: 60_000 }).finally(() => {
      settled = true;
    });
    call.catch(() => {});
    const { value } = await events.next();
    assert.ok(value?.type === 'member-trouble' && value.error);
    assert.match(value.error.message, unreachable);
    assert.equal(settled, false);
  });

  it('is reported to onTrouble by the first failure, while register() still waits', async () => {
    const trouble = await new Promise<EtcdError>((resolve) => {
      const registration = registering((error) => {
        resolve(error);
        void registration.stop();
        throw new Error('a callback that throws');
      });
    });
    assert.match(trouble.message, unreachable);
  });

  it('is a process warning of register() without onTrouble, once', async () => {
    const [warnings, listener] = warningsOf('ETCD_NAMING_REGISTER');
    const registration = registering();
    try {
      await eventually('it warns', () => warnings.length > 0);
    } finally {
      await registration.stop();
      process.off('warning', listener);
    }
    assert.match(
      String(warnings[0]),
      /^Warning: 'texts\/down\/a:1' is not registered yet, and register\(\) goes on trying: UNAVAILABLE: member .*ECONNREFUSED/,
    );
  });
});

function warningsOf(code: string): [Error[], (warning: Error) => void] {
  const warnings: Error[] = [];
  const listener = (warning: Error & { readonly code?: string }) => {
    if (warning.code === code) warnings.push(warning);
  };
  process.on('warning', listener);
  return [warnings, listener];
}

describe('a lease of a registration that is lost', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('says for how long no renewal was acknowledged, and its TTL', async function () {
    skipUnlessBreakable(this, etcd());
    const client = connect(etcd().endpoints);
    const registration = await register(client, {
      target: 'texts/lost',
      endpoint: { addr: 'a:1' },
      ttlSeconds: 2,
    });
    const events = registration.events();
    await etcd().pause();
    try {
      const { value } = await events.next();
      assert.ok(value?.type === 'lost' && value.error);
      assert.match(
        value.error.message,
        /^UNAVAILABLE: no renewal of lease [0-9a-f]+ \(hex\) was acknowledged for \d+\.\d s \(TTL 2 s\)/,
      );
    } finally {
      await etcd().resume();
      await registration.close();
    }
  });
});
