// A server that is registered only while it is well, by a check of its own. `node main.js [etcd endpoint]`
import { EtcdClient, type Registration, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const { server, port } = await serveGreeter('checked');

/** What the server depends on; here it is ill for a while. */
const checks = [true, true, false, false, true];
let registration: Registration | undefined;

for (const well of checks) {
  if (well && !registration) {
    registration = await registerServer(server, client, {
      target: 'examples/health',
      addr: `127.0.0.1:${port}`,
      // As `grpc-health-check` takes it: `new HealthImplementation({ '': 'NOT_SERVING' })`.
      health: { setStatus: (_service, status) => console.log(status) },
    });
  } else if (!well && registration) {
    // Callers leave it; the server itself goes on.
    await registration.drain({ propagateMs: 100, whenIdle: async () => {} });
    registration = undefined;
  }
}
console.log(registration ? 'registered at last' : 'not registered at last');

await registration?.drain(); // which also shuts the server down
await client.close();
