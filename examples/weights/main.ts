// Distributes calls by the weight and zone in the records. Both may change at any time.
// Usage: node main.js [etcd endpoint]
import { credentials } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, registerServer } from '@org/etcd-naming';
import { sayHello } from '../greeter/call.js';
import { GreeterClient } from '../greeter/greeter.js';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const target = 'examples/weights';

async function start(name: string, weight: number, zone: string) {
  const { server, port } = await serveGreeter(name);
  const addr = `127.0.0.1:${port}`;
  return registerServer(server, client, { target, addr, metadata: { weight, zone } });
}

const heavy = await start('heavy', 3, 'here');
const light = await start('light', 1, 'here');
const distant = await start('distant', 1, 'there');

registerEtcdResolver(client, { balance: { zone: 'here' } });
const channel = channelTarget(target);
const greeter = new GreeterClient(channel.target, credentials.createInsecure(), channel.options);

/** Makes calls until all of these servers answer. Returns how many calls each server answered. */
async function distribution(calls: number, servers: number): Promise<string> {
  for (;;) {
    const answered = new Map<string, number>();
    for (let i = 0; i < calls; i++) {
      const { server } = await sayHello(greeter, 'world');
      answered.set(server, (answered.get(server) ?? 0) + 1);
    }
    const text = [...answered].sort().map(([name, count]) => `${name} ${count}`);
    if (answered.size === servers) return text.join(', ');
  }
}

await distribution(40, 2); // waits until both are connected
console.log(`by weight, in the caller's zone: ${await distribution(400, 2)}`);
await heavy.update({ metadata: { weight: 1, zone: 'here' } });
let counts = await distribution(400, 2);
while (counts !== 'heavy 200, light 200') counts = await distribution(400, 2);
console.log(`after an update: ${counts}`);
await Promise.all([heavy.drain(), light.drain()]);
counts = await distribution(40, 1);
while (!counts.startsWith('distant')) counts = await distribution(40, 1);
console.log(`when the zone is empty: ${counts}`);

greeter.close();
await distant.drain();
await client.close();
