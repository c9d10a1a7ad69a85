import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { DeadlineError } from '#src/errors/index.js';
import { useEtcd } from '../../support/etcd.js';

const pem = (name: string) => readFileSync(new URL(`../../../../test/support/tls/${name}`, import.meta.url));

describe('an etcd behind TLS, with a certificate for etcd.test', () => {
  const etcd = useEtcd();
  const sockets = new Set<TLSSocket>();
  let server: Server;
  let endpoint: string;

  before(async () => {
    const [host = '', port = ''] = etcd().endpoints[0]?.split(':') ?? [];
    const options = { cert: pem('server.pem'), key: pem('server.key'), ALPNProtocols: ['h2'] };
    server = createServer(options, (socket) => {
      sockets.add(socket);
      const upstream = connect(Number(port), host);
      for (const one of [socket, upstream]) one.on('error', () => {});
      socket.pipe(upstream).pipe(socket);
      socket.once('close', () => upstream.destroy());
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
  });

  after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  async function get(options: Partial<EtcdClientOptions>): Promise<bigint> {
    const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 1_500, ...options });
    try {
      return (await client.kv.get(`${etcd().prefix}tls`)).revision;
    } finally {
      await client.close();
    }
  }

  it('answers a client that trusts its authority and asks for that name', async () => {
    assert.ok((await get({ tls: { ca: pem('ca.pem'), serverName: 'etcd.test' } })) > 0n);
  });

  const refusals: readonly (readonly [string, Partial<EtcdClientOptions>, RegExp])[] = [
    ['that asks for another name', { tls: { ca: pem('ca.pem'), serverName: 'other.test' } }, /other\.test/],
    ['that asks for the address', { tls: { ca: pem('ca.pem') } }, /IP|127\.0\.0\.1/],
    [
      'that trusts another authority',
      { tls: { ca: pem('other-ca.pem'), serverName: 'etcd.test' } },
      /certificate/i,
    ],
    ['that trusts Node’s authorities', { tls: { serverName: 'etcd.test' } }, /certificate/i],
  ];
  for (const [who, options, reason] of refusals) {
    it(`is not spoken to by a client ${who}, and the error tells why`, async () => {
      await assert.rejects(get(options), (error: unknown) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(error.message, reason);
        return true;
      });
    });
  }

  it('is not reached in plain text', async () => {
    await assert.rejects(get({ endpoints: [endpoint.replace('https', 'http')] }), DeadlineError);
  });
});
