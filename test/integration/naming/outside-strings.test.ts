import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ChannelOptions } from '@grpc/grpc-js';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { Code, InvalidInputError } from '#src/errors/index.js';
import { channelTarget, type ResolverOptions, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, NamingError } from '#src/naming/index.js';
import { secretOf } from '../../support/canary.js';
import { CertificateAuthority } from '../../support/certificates.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { openSockets } from '../../support/sockets.js';

const spaced = 'a b';
const lineEnd = 'a\r\nb';
const nul = 'a\0b';
const foreign = 'ä';
const long = 'a'.repeat(300);
const empty = '';
/** To a URL parser malformed: Punycode (for some releases of Node), and an IPv4 address. */
const notPunycode = 'xn--a';
const numeric = 'v1.2';
/** What grpc-js makes a URL of. */
const noHost = (text: string) => text !== notPunycode || !URL.canParse(`http://${text}`);
const strings = [spaced, lineEnd, nul, foreign, long, empty, notPunycode, numeric];

/** What may go wrong where a string is taken: no server at that address, or none that knows the method. */
const settled: readonly unknown[] = [Code.UNAVAILABLE, Code.UNIMPLEMENTED];

/**
 * Whether a use of the string is refused before anything is sent. Otherwise it has to come to an end by itself: neither
 * with the INTERNAL of a stream that a header reset, nor at a deadline.
 */
async function isRefused(use: () => unknown): Promise<boolean> {
  try {
    await use();
    return false;
  } catch (error) {
    if (error instanceof InvalidInputError || error instanceof NamingError) return true;
    assert.ok(settled.includes((error as { code?: unknown }).code), `${error}`);
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
    const authority = await CertificateAuthority.root('servers');
    ca = authority.pem;
    tls = createSecureServer(await authority.issue({ names: [notPunycode, numeric] }));
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

  /** An endpoint that nothing serves is waited for until the deadline, but for these no wait is needed. */
  const unserved = { timeoutMs: 1 };
  const secure = () => `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;

  const uses: Readonly<
    Record<string, readonly [refused: readonly string[], use: (text: string) => unknown]>
  > = {
    'tls.serverName': [
      [spaced, lineEnd, nul, foreign, long, empty],
      (serverName) => useClient({ endpoints: [secure()], tls: { ca, serverName } }),
    ],
    'the host of an endpoint': [
      strings.filter(noHost),
      (host) => new EtcdClient({ endpoints: [`${host}:1`], ...unserved }).close(),
    ],
    'the host of an endpoint with TLS': [
      strings.filter(noHost),
      (host) => new EtcdClient({ endpoints: [`https://${host}:1`], ...unserved }).close(),
    ],
    'the file of a socket with TLS': [
      [spaced, lineEnd, nul, foreign, long, empty],
      (file) => new EtcdClient({ endpoints: [`unixs:/run/${file}`], ...unserved }).close(),
    ],
    'a host of the environment': [
      strings.filter(noHost),
      (host) => EtcdClient.fromEnv(unserved, { ETCDCTL_ENDPOINTS: `${host}:1` }).close(),
    ],
    'auth.username': [
      [empty],
      (username) => useClient({ endpoints: etcd().endpoints, auth: { username, password, ...docker } }),
    ],
    // An empty one is the provider's failure, which may pass.
    'a token': [
      [lineEnd, nul, foreign],
      (text) => useClient({ endpoints: etcd().endpoints, auth: { tokenProvider: () => text, ...docker } }),
    ],
    'serverName of channelTarget()': [
      [spaced, lineEnd, nul, foreign, long, empty],
      (serverName) => useResolver(() => channelTarget(service, { serverName })),
    ],
    'the scheme': [
      [spaced, lineEnd, nul, foreign, empty],
      (scheme) => useResolver(() => channelTarget(service, { scheme }), { scheme }),
    ],
    'the scheme of channelTarget()': [
      [spaced, lineEnd, nul, foreign, empty],
      (scheme) => void channelTarget(service, { scheme }),
    ],
    'an authority': [
      [spaced, lineEnd, nul, empty],
      (authority) =>
        useResolver(() => channelTarget(service, { authority }), {
          authorities: { [authority]: opened.client(etcd().endpoints) },
        }),
    ],
    // Without one the client that was registered is meant.
    'the authority of channelTarget()': [
      [spaced, lineEnd, nul],
      (authority) => void channelTarget(service, { authority }),
    ],
    // etcd takes any name; `:authority` is made from what of it a host may have.
    'a service': [
      [],
      async (name) => {
        const odd = `${service}/${name}`;
        await manager.addEndpoint(`${odd}/a`, { addr: server.addr });
        await useResolver(() => channelTarget(odd));
      },
    ],
    // One bad record harms no other.
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
