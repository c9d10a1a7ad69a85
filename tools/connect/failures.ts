// How the example's transport reports a connection that fails: as `unavailable`, so that the call goes to another server.
// Usage: node failures.js [etcd endpoint]
import { once } from 'node:events';
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { EtcdClient, register } from '@org/etcd-naming';
import { BalancedTransport } from './balanced-transport.js';
import { Greeter } from './greeter_pb.js';

const [etcdEndpoint = '127.0.0.1:2379'] = process.argv.slice(2);
await using client = new EtcdClient({ endpoints: [etcdEndpoint] });

function onStream(handle: (stream: ServerHttp2Stream) => void): Server {
  return createHttp2Server().on('stream', (stream) => {
    stream.on('error', () => {}); // the failure that the client is to see
    handle(stream);
  });
}

function destroysConnection(): Server {
  const sockets = new Set<Socket>();
  const server = onStream(() => {
    for (const socket of sockets) socket.destroy();
  });
  return server.on('connection', (socket) => void sockets.add(socket));
}

/** A server that ends each request in one way. */
const servers: Record<string, Server> = {
  'refuses the stream': onStream((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)),
  'destroys the session': onStream((stream) => stream.session?.destroy()),
  'sends GOAWAY for streams before this one': onStream((stream) => {
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 0);
    stream.session?.destroy();
  }),
  'destroys the connection during a request': destroysConnection(),
  'destroys the socket at once': createServer((socket) => void socket.destroy()),
  'resets the connection': createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
};

let failed = 0;
for (const [behaviour, server] of Object.entries(servers)) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target = `examples/connect-failures/${port}`;
  const registration = await register(client, { target, addr: `127.0.0.1:${port}` });
  const transport = new BalancedTransport(client, target);
  await transport.ready();
  const error = await createClient(Greeter, transport)
    .sayHello({ name: 'world' })
    .then(() => undefined, ConnectError.from);
  const code = error ? Code[error.code] : 'no error';
  if (code !== 'Unavailable') failed++;
  console.log(`a server that ${behaviour}: ${code}`);
  await registration.close();
  transport[Symbol.dispose]();
  server.close();
}
process.exitCode = failed === 0 ? 0 : 1;
