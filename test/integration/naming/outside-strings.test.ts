import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ChannelOptions } from '@grpc/grpc-js';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { Code, InvalidInputError } from '#src/errors/index.js';
import { channelTarget, type ResolverOptions, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, NamingError } from '#src/naming/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { openSockets } from '../../support/sockets.js';

const withSpace = 'a b';
const withLineEnd = 'a\r\nb';
const withNul = 'a\0b';
const nonAscii = 'ä';
const long = 'a'.repeat(300);
const empty = '';
/** Names that a URL parser rejects: as malformed Punycode (in some releases of Node), and as a malformed IPv4 address. */
const notPunycode = 'xn--a';
const numeric = 'v1.2';
/** Whether an endpoint with this host is rejected. grpc-js makes a URL of it. */
const isRejectedHost = (text: string) => text !== notPunycode || !URL.canParse(`http://${text}`);
const strings = [withSpace, withLineEnd, withNul, nonAscii, long, empty, notPunycode, numeric];

/** The codes of calls that may fail although the string was accepted: no server is at the address, or it does not know the method. */
const acceptable: readonly unknown[] = [Code.UNAVAILABLE, Code.UNIMPLEMENTED];

/**
 * Whether a use of the string is refused before anything is sent. Otherwise the use has to succeed or to fail with a code
 * in `acceptable`: not with the INTERNAL of a stream that a header reset, and not at a deadline.
 */
async function isRefused(use: () => unknown): Promise<boolean> {
  try {
    await use();
    return false;
  } catch (error) {
    if (error instanceof InvalidInputError || error instanceof NamingError) return true;
    assert.ok(acceptable.includes((error as { code?: unknown }).code), `${error}`);
    return false;
  }
}

describe('a string from outside that becomes a name in HTTP/2 or TLS', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  const password = secretOf('outside');
  let server: NamedServer;
  let manager: EndpointManager;
  let service: string;
  let tls: Http2SecureServer;
  let ca: string;
  let socketsBefore = 0;

  before(async () => {
    const authority = CertificateAuthority.root('servers');
    ca = authority.pem;
    tls = createSecureServer(authority.issue({ names: [notPunycode, numeric] }));
    tls.on('sessionError', () => {});
    tls.on('stream', (stream) => {
      stream.on('error', () => {});
      const headers = { ':status': 200, 'content-type': 'application/grpc' };
      stream.respond({ ...headers, 'grpc-status': String(Code.UNIMPLEMENTED) }, { endStream: true });
    });
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
  });

  after(async () => {
    tls.close();
    await once(tls, 'close');
  });

  beforeEach(async () => {
    socketsBefore = openSockets();
    server = await opened.server('a');
    service = `${etcd().prefix}outside/svc`;
    manager = new EndpointManager(opened.client(etcd().endpoints), service);
    await manager.addEndpoint(`${service}/a`, { addr: server.addr });
  });

  afterEach(async () => {
    for (const [key] of await manager.list()) await manager.deleteEndpoint(key);
    await opened.close();
    await eventually('no socket is left', () => openSockets() <= socketsBefore);
  });

  const useClient = async (options: EtcdClientOptions) => {
    const client = opened.add(new EtcdClient(options), (one) => one.close());
    await client.kv.get('outside');
  };

  const useResolver = async (
    dialled: () => { target: string; options: ChannelOptions },
    options: ResolverOptions = {},
  ) => {
    const client = opened.client(etcd().endpoints);
    opened.add(registerEtcdResolver(client, options), (one) => one[Symbol.dispose]());
    const { target, options: channel } = dialled();
    assert.equal(await opened.caller(target, channel).call(), 'a');
  };

  /** These endpoints are only parsed, so the client need not wait for a server. */
  const unserved = { timeoutMs: 1 };
  const secure = () => `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;

  const uses: Readonly<
    Record<string, readonly [refused: readonly string[], use: (text: string) => unknown]>
  > = {
    'tls.serverName': [
      [withSpace, withLineEnd, withNul, nonAscii, long, empty],
      (serverName) => useClient({ endpoints: [secure()], tls: { ca, serverName } }),
    ],
    'the host of an endpoint': [
      strings.filter(isRejectedHost),
      (host) => new EtcdClient({ endpoints: [`${host}:1`], ...unserved }).close(),
    ],
    'the host of an endpoint with TLS': [
      strings.filter(isRejectedHost),
      (host) => new EtcdClient({ endpoints: [`https://${host}:1`], ...unserved }).close(),
    ],
    'the file of a socket with TLS': [
      [withSpace, withLineEnd, withNul, nonAscii, long, empty],
      (file) => new EtcdClient({ endpoints: [`unixs:/run/${file}`], ...unserved }).close(),
    ],
    'a host of the environment': [
      strings.filter(isRejectedHost),
      (host) => EtcdClient.fromEnv(unserved, { ETCDCTL_ENDPOINTS: `${host}:1` }).close(),
    ],
    'auth.username': [
      [empty],
      (username) => useClient({ endpoints: etcd().endpoints, auth: { username, password, ...docker } }),
    ],
    // An empty token is an error of the provider, which may be temporary.
    'a token': [
      [withLineEnd, withNul, nonAscii],
      (text) => useClient({ endpoints: etcd().endpoints, auth: { tokenProvider: () => text, ...docker } }),
    ],
    'serverName of channelTarget()': [
      [withSpace, withLineEnd, withNul, nonAscii, long, empty],
      (serverName) => useResolver(() => channelTarget(service, { serverName })),
    ],
    'the scheme': [
      [withSpace, withLineEnd, withNul, nonAscii, empty],
      (scheme) => useResolver(() => channelTarget(service, { scheme }), { scheme }),
    ],
    'the scheme of channelTarget()': [
      [withSpace, withLineEnd, withNul, nonAscii, empty],
      (scheme) => void channelTarget(service, { scheme }),
    ],
    'an authority': [
      [withSpace, withLineEnd, withNul, empty],
      (authority) =>
        useResolver(() => channelTarget(service, { authority }), {
          authorities: { [authority]: opened.client(etcd().endpoints) },
        }),
    ],
    // An empty authority selects the client that was registered.
    'the authority of channelTarget()': [
      [withSpace, withLineEnd, withNul],
      (authority) => void channelTarget(service, { authority }),
    ],
    // etcd accepts any name. `:authority` contains those of its characters that a host may contain.
    'a service': [
      [],
      async (name) => {
        const odd = `${service}/${name}`;
        await manager.addEndpoint(`${odd}/a`, { addr: server.addr });
        await useResolver(() => channelTarget(odd));
      },
    ],
    // A bad record does not affect another one.
    'the address of a record': [
      [],
      async (host) => {
        await manager.addEndpoint(`${service}/b`, { addr: `${host}:1` });
        await useResolver(() => channelTarget(service), { balance: {} });
      },
    ],
    'the metadata of a record': [
      [],
      async (text) => {
        const metadata = { zone: text, weight: text, status: text };
        await manager.addEndpoint(`${service}/a`, { addr: server.addr, metadata });
        await useResolver(() => channelTarget(service), { balance: { zone: text } });
      },
    ],
  };

  for (const [what, [refused, use]] of Object.entries(uses)) {
    for (const text of strings) {
      const result = refused.includes(text) ? 'is refused' : 'does no harm';
      const shown = text === long ? 'of 300 letters' : JSON.stringify(text);
      it(`${result} as ${what}: ${shown}`, async () => {
        assert.equal(await isRefused(() => use(text)), refused.includes(text));
      });
    }
  }

  for (const scheme of ['dns', 'DNS', 'unix', 'ipv4']) {
    it(`is rejected as a scheme if gRPC uses it itself: ${scheme}`, () => {
      assert.throws(() => registerEtcdResolver(opened.client(['a:1']), { scheme }), NamingError);
    });
  }
});

/** A Docker engine may be on another host. */
const docker = { allowPlaintext: true };
