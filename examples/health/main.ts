// A server that is registered only while its own health check succeeds. Usage: node main.js [etcd endpoint]
import { EtcdClient, type Registration, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const { server, port } = await serveGreeter('checked');

/** The results of the check, for example of a database. Here it fails for a while. */
const checkResults = [true, true, false, false, true];
let registration: Registration | undefined;

for (const isHealthy of checkResults) {
  if (isHealthy && !registration) {
    registration = await registerServer(server, client, {
      target: 'examples/health',
      addr: `127.0.0.1:${port}`,
      // With the package `grpc-health-check`: new HealthImplementation({ '': 'NOT_SERVING' }).
      health: { setStatus: (_service, status) => console.log(status) },
    });
  } else if (!isHealthy && registration) {
    // New calls go elsewhere; the server keeps running.
    await registration.drain({ propagateMs: 100, whenIdle: async () => {} });
    registration = undefined;
  }
}
console.log(registration ? 'registered in the end' : 'not registered in the end');

await registration?.drain(); // also shuts the server down
await client.close();
