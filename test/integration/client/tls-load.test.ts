import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp2Server, createSecureServer as createSecureHttp2Server } from 'node:http2';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { DeadlineError, TlsError } from '#src/errors/index.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { eventually, useClients } from './support.js';

/** How long each test sends calls as fast as possible. */
const hammerMs = 2_000;
/** The first attempt, grpc-js's own retries from 250 ms on, and one per second for new calls, with a margin. */
const mostConnections = 20;

describe('a TLS server that', () => {
  const { connect } = useClients();
  const sockets = new Set<TLSSocket>();
  let authority: CertificateAuthority;
  let server: Server;
  let connections = 0;

  async function serve(options: TlsOptions, onSecure: (socket: TLSSocket) => void): Promise<string> {
    const { cert, key } = authority.issue({ names: ['127.0.0.1'] });
    server = createServer({ cert, key, ALPNProtocols: ['h2'], ...options }, onSecure);
    connections = 0;
    server.on('connection', () => connections++);
    server.on('tlsClientError', () => {});
    server.on('secureConnection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function connectionsWithin(ms: number): Promise<number> {
    const before = connections;
    const never = once(server, 'never', { signal: AbortSignal.timeout(ms) });
    await assert.rejects(never, { name: 'AbortError' });
    return connections - before;
  }

  before(async () => {
    authority = CertificateAuthority.root('servers');
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  });

  it('closes right after the handshake is not dialled in a tight loop', async () => {
    const endpoint = await serve({}, (socket) => socket.destroy());
    const client = connect([endpoint], { tls: { ca: authority.pem }, timeoutMs: hammerMs });
    await assert.rejects(client.kv.get('x'));
    assert.ok(connections >= 2 && connections <= mostConnections, `${connections} connections`);
  });

  it('is not trusted is not dialled in a tight loop, regardless of the number of calls', async () => {
    const endpoint = await serve({}, () => {});
    const client = connect([endpoint], { tls: { ca: CertificateAuthority.root('others').pem } });
    const since = performance.now();
    let calls = 0;
    while (performance.now() - since < hammerMs) {
      await assert.rejects(client.kv.get('x'), TlsError);
      calls++;
    }
    assert.ok(calls > 100, `${calls} calls`);
    assert.ok(connections >= 2 && connections <= mostConnections, `${connections} connections`);
  });

  it('is reached in plaintext is detected, even if it answers with an alert', async () => {
    const endpoint = await serve({}, () => {});
    const client = connect([endpoint.replace('https', 'http')]);
    await assert.rejects(client.kv.get('x'), { name: 'TlsError', reason: 'tls-expected' });
  });

  it('shares no version or cipher is reported as `handshake`', async () => {
    const endpoint = await serve({ maxVersion: 'TLSv1.2', ciphers: 'PSK' }, () => {});
    const client = connect([endpoint], { tls: { ca: authority.pem } });
    await assert.rejects(client.kv.get('x'), { name: 'TlsError', reason: 'handshake' });
  });

  it('is not trusted does not fail a call before its deadline while the other member is down', async () => {
    const endpoint = await serve({}, () => {});
    const client = connect([endpoint, 'https://127.0.0.1:1'], { timeoutMs: 1_000 });
    // A member that is down may recover, so the call keeps trying.
    await assert.rejects(client.kv.get('x'), (error: Error) => {
      assert.ok(error instanceof DeadlineError);
      assert.match(error.message, /not signed by a trusted authority/);
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
  });

  it('was not trusted and is now down is reported as down', async () => {
    const endpoint = await serve({}, () => {});
    const client = connect([endpoint], { timeoutMs: 500 });
    await assert.rejects(client.kv.get('x'), TlsError);
    for (const socket of sockets) socket.destroy();
    server.close();
    await eventually('the client reports the refused connection', async () => {
      const error = await client.kv.get('x').catch((caught: unknown) => caught);
      return error instanceof DeadlineError && error.message.includes('ECONNREFUSED');
    });
  });

  it('does not answer after the handshake is abandoned, and no longer dialled once the client is closed', async () => {
    const endpoint = await serve({}, (socket) => socket.resume());
    const client = connect([endpoint], {
      tls: { ca: authority.pem },
      timeoutMs: 1_000,
      connectTimeoutMs: 200,
    });
    await assert.rejects(client.kv.get('x'), DeadlineError);
    assert.ok(connections >= 2 && connections <= mostConnections, `${connections} connections`);
    await client.close();
    // One attempt may have been in progress.
    assert.ok((await connectionsWithin(1_500)) <= 1);
    await eventually('the sockets are closed', () => [...sockets].every(({ destroyed }) => destroyed));
  });

  it('stops in the middle of the handshake is abandoned, and its socket is closed', async () => {
    const endpoint = await serve({ SNICallback: () => {} }, () => {});
    const client = connect([endpoint.replace('127.0.0.1', 'localhost')], {
      tls: { ca: authority.pem },
      timeoutMs: 1_500,
      connectTimeoutMs: 300,
    });
    await assert.rejects(client.kv.get('x'), DeadlineError);
    assert.ok(connections >= 2, `${connections} connections`);
    await client.close();
    // A leaked socket would keep the server from closing.
  });
});

describe('a server that closes the connection on every protocol', () => {
  const { connect } = useClients();
  let server: NetServer;
  let connections = 0;

  before(async () => {
    server = createNetServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  beforeEach(() => {
    connections = 0;
  });

  after(() => server.close());

  for (const scheme of ['http', 'https']) {
    it(`is neither reported as a TLS failure nor dialled in a tight loop by a client of ${scheme}://`, async () => {
      const client = connect([`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`], {
        timeoutMs: hammerMs,
      });
      await assert.rejects(client.kv.get('x'), DeadlineError);
      assert.ok(connections >= 2 && connections <= mostConnections, `${connections} connections`);
    });
  }
});

describe('a server that answers everything with a TLS alert', () => {
  const { connect } = useClients();
  const handshakeFailure = Buffer.from([21, 3, 3, 0, 2, 2, 40]);
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(handshakeFailure));
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(() => server.close());

  for (const [scheme, reason] of [
    ['http', 'tls-expected'],
    ['https', 'handshake'],
  ]) {
    it(`is reported as ${reason} by a client of ${scheme}://`, async () => {
      const client = connect([`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`]);
      await assert.rejects(client.kv.get('x'), { name: 'TlsError', reason });
    });
  }
});

describe('a server that is dialled by address with a serverName', () => {
  const { connect } = useClients();

  for (const [serverName, sni, httpAuthority] of [
    ['etcd.test', 'etcd.test', 'etcd.test'],
    ['etcd.test.', 'etcd.test', 'etcd.test'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['::1', undefined, '[::1]'],
  ] as const) {
    it(`receives ${serverName} in TLS and HTTP/2, without the final dot of an absolute name`, async () => {
      const authority = CertificateAuthority.root('servers');
      const names = [serverName.replace(/\.$/, '')];
      const server = createSecureHttp2Server(authority.issue({ names }));
      const greeted: unknown[] = [];
      server.on('secureConnection', ({ servername }) => greeted.push(servername || undefined));
      server.on('sessionError', () => {});
      let asked: string | undefined;
      server.on('stream', (stream, headers) => {
        asked = headers[':authority'];
        stream.on('error', () => {});
        stream.respond({ ':status': 418 }, { endStream: true });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const client = connect([endpoint], { tls: { ca: authority.pem, serverName }, timeoutMs: 500 });
        await assert.rejects(client.kv.get('x'));
        await client.close();
        assert.deepEqual([asked, ...new Set(greeted)], [httpAuthority, sni]);
      } finally {
        server.close();
      }
    });
  }
});

describe('a server whose endpoint is an absolute name', () => {
  const { connect } = useClients();

  // The endpoint is a socket whose file name is the host, so the test needs no DNS.
  it('receives the name without the final dot', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-dot-'));
    const authority = CertificateAuthority.root('servers');
    const greeted: unknown[] = [];
    const server = createServer(
      { ...authority.issue({ names: ['etcd.test'] }), ALPNProtocols: ['h2'] },
      (socket) => {
        greeted.push((socket as { servername?: unknown }).servername);
        socket.on('error', () => {});
        socket.destroy();
      },
    );
    server.listen(join(folder, 'etcd.test.'));
    await once(server, 'listening');
    try {
      const client = connect([`unixs:${folder}/etcd.test.`], { tls: { ca: authority.pem }, timeoutMs: 500 });
      await assert.rejects(client.kv.get('x'), (error) => !(error instanceof TlsError));
      await client.close();
      assert.deepEqual([...new Set(greeted)], ['etcd.test']);
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('a server without TLS that sends the first bytes', () => {
  const { connect } = useClients();

  it('is detected immediately by a client with TLS', async () => {
    const server = createHttp2Server();
    server.on('session', (session) => session.on('error', () => {}));
    server.on('sessionError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const client = connect([`https://127.0.0.1:${(server.address() as AddressInfo).port}`]);
      await assert.rejects(client.kv.get('x'), { name: 'TlsError', reason: 'not-tls' });
      await client.close();
    } finally {
      server.close();
    }
  });
});
