// A server, and a caller of it, in a process that shows what it does: metrics on /metrics, a log on the console.
// Usage: node main.js [etcd endpoint] [port of /metrics]. Ctrl-C or SIGTERM ends it.
import type { AddressInfo } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, registerServer } from '@org/etcd-naming';
import { sayHello } from '../greeter/call.js';
import { GreeterClient } from '../greeter/greeter.js';
import { serveGreeter } from '../greeter/serve.js';
import { serveMetrics } from './prometheus.js';

const [endpoint = '127.0.0.1:2379', port = '9464'] = process.argv.slice(2);
const client = new EtcdClient({
  endpoints: [endpoint],
  name: 'greeter',
  metrics: { histograms: true },
  logger: (level, message) => console.log(`${level}: ${message}`),
});
const metrics = await serveMetrics(Number(port));

const { server, port: greeterPort } = await serveGreeter('observability');
const target = 'examples/observability';
const registration = await registerServer(server, client, { target, addr: `127.0.0.1:${greeterPort}` });

registerEtcdResolver(client, { balance: {} }); // counts the calls by endpoint
const channel = channelTarget(target);
const greeter = new GreeterClient(channel.target, credentials.createInsecure(), channel.options);
await sayHello(greeter, 'world');
console.log(`metrics: http://127.0.0.1:${(metrics.address() as AddressInfo).port}/metrics`);
const calling = setInterval(() => sayHello(greeter, 'world').catch(console.log), 500);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    clearInterval(calling);
    greeter.close();
    await registration.drain();
    await client.close();
  });
