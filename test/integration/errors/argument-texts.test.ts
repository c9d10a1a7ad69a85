import { Server } from '@grpc/grpc-js';
import { EtcdClient, type TlsOptions } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import { channelTarget, registerEtcdResolver, registerServer } from '#src/naming/grpc/index.js';
import { parseServiceConfig } from '#src/naming/grpc/resolver/parse-service-config.js';
import { advertiseAddress, EndpointManager, register } from '#src/naming/index.js';
import { useClients } from '../client/support.js';
import { itRejects, untyped } from './mistakes.js';

describe('the error text for a bad argument has its name, its value and the remedy:', () => {
  const { connect } = useClients();
  const client = () => connect(['127.0.0.1:1']);
  const manager = () => new EndpointManager(client(), 'foo/bar');
  const lease = { id: 7n, ttlSeconds: 10 };
  const withTls = (tls: TlsOptions) => new EtcdClient({ endpoints: ['https://127.0.0.1:1'], tls });
  const tlsVariables = { ETCDCTL_ENDPOINTS: 'http://127.0.0.1:1', ETCDCTL_CACERT: '/ca.pem' };
  const policy = [{ round_robin: {} }];

  itRejects([
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
      /^INVALID_ARGUMENT: the key of get\(\) is an object; it must be a string or a Uint8Array; for several keys use range\(\)$/,
    ],
    [
      'op.get of a range',
      () => op.get(untyped({ prefix: 'a' })),
      /^INVALID_ARGUMENT: the key of op\.get\(\) is an object; .*; for several keys use op\.range\(\)$/,
    ],
    [
      'put to a range',
      () => client().kv.put(untyped({ prefix: 'a' }), 'v'),
      /^INVALID_ARGUMENT: the key of put\(\) is an object; it must be a string or a Uint8Array$/,
    ],
    [
      'put with a lease object',
      () => client().kv.put('a', 'v', { lease: untyped(lease) }),
      /^INVALID_ARGUMENT: lease is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'a lease object in a transaction',
      () => client().kv.txn({ success: [op.put('a', 'v', { lease: untyped(lease) })] }),
      /^INVALID_ARGUMENT: success\[0\]\.options\.lease is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'revoke of a lease object',
      () => client().lease.revoke(untyped(lease)),
      /^INVALID_ARGUMENT: lease id is the lease itself; pass its id, as in lease\.id$/,
    ],
    [
      'a result as a revision',
      () => client().kv.get('a', { revision: untyped({ revision: 5n }) }),
      /^INVALID_ARGUMENT: revision is an object; pass its revision$/,
    ],
    [
      'an unknown update operation',
      () => manager().update([untyped({ op: 'remove', key: 'foo/bar/1' })]),
      /^INVALID_ARGUMENT: endpoints: bad update op: op is 'remove'; it must be one of 'add', 'delete'$/,
    ],
    [
      'register without a target',
      () => register(client(), untyped({ addr: 'a:1' })),
      /^INVALID_ARGUMENT: invalid target: target is undefined; it must be a name such as 'foo\/bar'$/,
    ],
    [
      'an endpoint object passed to register',
      () => register(client(), untyped({ target: 'a', endpoint: { addr: 'a:1' } })),
      /^INVALID_ARGUMENT: unknown option 'endpoint'; did you mean 'addr' and 'metadata'\?$/,
    ],
    [
      'an endpoint object passed to registerServer',
      () => registerServer(new Server(), client(), untyped({ target: 'a', endpoint: { addr: 'a:1' } })),
      /^INVALID_ARGUMENT: unknown option 'endpoint'; did you mean 'addr' and 'metadata'\?$/,
    ],
    [
      'channelTarget without a service',
      () => channelTarget(untyped(undefined)),
      /^INVALID_ARGUMENT: invalid target: target is undefined; it must be a name such as 'foo\/bar'$/,
    ],
    [
      'swapped arguments of registerServer',
      () => registerServer(untyped(client()), untyped(new Server()), untyped({ addr: 'a:1' })),
      /^INVALID_ARGUMENT: the first argument is an EtcdClient, not a Server of grpc-js$/,
    ],
    [
      'a server in place of a client',
      () => register(untyped(new Server()), { target: 'a', addr: 'a:1' }),
      /^INVALID_ARGUMENT: invalid etcd client: the first argument is a Server, not an EtcdClient$/,
    ],
    [
      'a target in place of a client',
      () => new EndpointManager(untyped('foo/bar'), untyped(client())),
      /^INVALID_ARGUMENT: invalid etcd client: the first argument is 'foo\/bar', not an EtcdClient$/,
    ],
    [
      'a service config as a bare prefix',
      () => registerEtcdResolver(client(), { scheme: 'texts', serviceConfig: untyped('x') }),
      /^INVALID_ARGUMENT: serviceConfig is 'x' \(string\); write \{ prefix: 'x' \}$/,
    ],
    [
      'a service config’s timeout without a unit',
      () => parseServiceConfig('{"methodConfig":[{"name":[{}],"timeout":"5"}]}', policy, 'config/a'),
      /^INVALID_ARGUMENT: 'config\/a': not a service config: methodConfig\[0\]\.timeout is "5"; write "5s"$/,
    ],
    [
      'a service config’s backoff in words',
      () =>
        parseServiceConfig(
          '{"methodConfig":[{},{"retryPolicy":{"maxBackoff":"1 second"}}]}',
          policy,
          'config/a',
        ),
      /methodConfig\[1\]\.retryPolicy\.maxBackoff is "1 second"; write seconds, such as "1\.5s"$/,
    ],
    [
      'endpoints as one string',
      () => new EtcdClient({ endpoints: untyped('127.0.0.1:2379') }),
      /^INVALID_ARGUMENT: endpoints is one string: write \['127\.0\.0\.1:2379'\]$/,
    ],
    [
      'two endpoints in one string',
      () => new EtcdClient({ endpoints: ['a:1,b:2'] }),
      /^INVALID_ARGUMENT: endpoint 'a:1,b:2' is not of the form .*: one string per member: \['a:1', 'b:2'\]$/,
    ],
    [
      'port 99999',
      () => new EtcdClient({ endpoints: ['a:99999'] }),
      /^INVALID_ARGUMENT: endpoint 'a:99999' is not of the form .*: port 99999 is over 65535$/,
    ],
    [
      'a path as tls.ca',
      () => withTls({ ca: '/etc/ssl/ca.pem' }),
      /^INVALID_ARGUMENT: tls\.ca contains no certificate in PEM; for a path use tls\.caFile$/,
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
      /^INVALID_ARGUMENT: tls is given, but the endpoints use http:\/\/: write https:\/\/, or remove tls$/,
    ],
    [
      'an environment variable that requires TLS with http://',
      () => EtcdClient.fromEnv({}, tlsVariables),
      /^INVALID_ARGUMENT: TLS is requested by ETCDCTL_CACERT, but the endpoints use http:\/\/: write https:\/\/, or omit ETCDCTL_CACERT$/,
    ],
    [
      'a string as the port of advertiseAddress',
      () => advertiseAddress(untyped('50051')),
      /^INVALID_ARGUMENT: the port is '50051' \(string\); it must be the bound port, a number from 1 to 65535$/,
    ],
    [
      'no options at all',
      () => new EtcdClient(untyped(undefined)),
      /^INVALID_ARGUMENT: options are missing: give \{ endpoints: \['host:2379'\] \}, or use EtcdClient\.fromEnv\(\) for etcdctl's variables$/,
    ],
    [
      'an endpoint in the place of the options',
      () => new EtcdClient(untyped('127.0.0.1:2379')),
      /^INVALID_ARGUMENT: options is a string; it must be an object: give \{ endpoints: \['host:2379'\] \}/,
    ],
    [
      'an option under the name of another client',
      () => new EtcdClient(untyped({ hosts: ['127.0.0.1:2379'] })),
      /^INVALID_ARGUMENT: unknown option 'hosts'; did you mean 'endpoints'\?$/,
    ],
    [
      'a time as a text',
      () => client().kv.get('a', { timeoutMs: untyped('5s') }),
      /^INVALID_ARGUMENT: timeoutMs is '5s' \(string\); it must be a number of at least 0, in milliseconds$/,
    ],
    [
      'a TTL as a text',
      () => register(client(), { target: 'svc', addr: '10.0.0.7:1', ttlSeconds: untyped('10') }),
      /^INVALID_ARGUMENT: ttlSeconds is '10' \(string\); it must be a whole number from 1 to \d+$/,
    ],
    [
      'a transaction in the words of etcd3',
      () => client().kv.txn(untyped({ if: [], success: [op.put('a', 'b')] })),
      /^INVALID_ARGUMENT: unknown option 'if'; did you mean 'compare'\?$/,
    ],
    [
      'a signal that is not an AbortSignal',
      () => client().kv.get('a', { signal: untyped({}) }),
      /^INVALID_ARGUMENT: signal is an object; it must be an AbortSignal$/,
    ],
    [
      'a lease without its TTL',
      () => client().lease.hold(untyped(undefined)),
      /^INVALID_ARGUMENT: options are missing: give \{ ttlSeconds: 10 \}$/,
    ],
  ]);
});
