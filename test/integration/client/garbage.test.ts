import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { EtcdError } from '#src/errors/index.js';
import { EndpointManager, register } from '#src/naming/index.js';
import { useClients } from './support.js';

const timeoutMs = 600;

/** A gRPC frame whose message is not of etcd's protocol. */
const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from('%%%%%')]);

const peers: Readonly<Record<string, () => Server>> = {
  'random bytes': () => createServer((socket) => socket.on('error', () => {}).write(Buffer.alloc(512, 0xa7))),
  HTML: () =>
    createServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'),
    ),
  'gRPC that is not etcd’s': () => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame);
    });
    return server as unknown as Server;
  },
};

for (const [what, open] of Object.entries(peers)) {
  describe(`a peer that answers ${what}`, () => {
    const { connect } = useClients();
    const sockets = new Set<{ destroy(): void }>();
    let server: Server;
    let endpoint: string;

    before(async () => {
      server = open();
      server.on('connection', (socket) => sockets.add(socket));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    after(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });

    it('fails every call within its deadline, with a typed error', async () => {
      const client = connect([endpoint], { timeoutMs });
      const calls = [
        client.kv.get('k'),
        client.kv.put('k', 'v'),
        client.lease.hold({ ttlSeconds: 5 }),
        new EndpointManager(client, 't').list(),
        register(client, { target: 't', addr: 'a:1', timeoutMs }),
      ];
      await Promise.all(calls.map((call) => assert.rejects(call, EtcdError)));
    });

    it('does not end a watch, which keeps retrying until its signal aborts', async () => {
      const client = connect([endpoint], { timeoutMs });
      const events = client.status();
      const abort = new AbortController();
      const watcher = client.watch('k', { startRevision: 1n, signal: abort.signal });
      const next = watcher[Symbol.asyncIterator]().next();
      const reason = new Error('enough');
      if (what.startsWith('gRPC')) {
        for await (const { type } of events) if (type === 'disconnected') break;
      }
      abort.abort(reason);
      await assert.rejects(next, reason);
    });
  });
}
