// A server for a container. Its settings are environment variables; etcd's are those of etcdctl, such as ETCDCTL_ENDPOINTS.
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { advertiseAddress, EtcdClient, registerServer } from '@org/etcd-naming';
import { GreeterService } from './service.mjs';

const { TARGET = 'foo/bar/my-service', GRPC_PORT = '50051', PROBE_PORT = '8080' } = process.env;
const name = process.env.HOSTNAME ?? `process ${process.pid}`;

const server = new Server();
server.addService(GreeterService, {
  sayHello: (call, reply) => reply(null, { message: `Hello, ${call.request.name}, from ${name}` }),
});
const port = await promisify(server.bindAsync.bind(server))(
  `0.0.0.0:${GRPC_PORT}`,
  ServerCredentials.createInsecure(),
);

// Ready from the first record until the drain. An outage of etcd in between changes neither probe: calls continue.
let isReady = false;
const probes = createServer(({ url }, response) => {
  response.writeHead(url === '/livez' || isReady ? 200 : 503).end();
}).listen(Number(PROBE_PORT));

const client = EtcdClient.fromEnv();
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort(new Error('SIGTERM')));
const registration = await registerServer(server, client, {
  target: TARGET,
  addr: advertiseAddress(port),
  timeoutMs: Infinity, // waits for an etcd that is down; the server answers meanwhile
  signal: stopping.signal,
  onFailure: ({ message }) => console.error('not registered yet:', message),
}).catch((error) => {
  if (!stopping.signal.aborted) throw error;
});
isReady = !stopping.signal.aborted;
console.log(isReady ? `registered ${registration.key}` : 'stopped before it was registered');

if (!stopping.signal.aborted)
  await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
isReady = false;
if (registration)
  await registration.drain(); // also shuts the server down
else server.forceShutdown();
await client.close();
probes.close();
probes.closeAllConnections();
console.log('ended');
