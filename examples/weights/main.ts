// Calls spread by weight and zone, which the records carry; both may change while calls flow. `node main.js [etcd endpoint]`
import { credentials } from '@grpc/grpc-js';
import { dial, EtcdClient, registerEtcdResolver, registerServer } from '@org/etcd-naming';
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
const dialled = dial(target);
const greeter = new GreeterClient(dialled.target, credentials.createInsecure(), dialled.options);

/** Who answered how many of so many calls, once all that should have had their turn. */
async function shares(calls: number, servers: number): Promise<string> {
  for (;;) {
    const counts = new Map<string, number>();
    for (let i = 0; i < calls; i++) {
      const { server } = await sayHello(greeter, 'world');
      counts.set(server, (counts.get(server) ?? 0) + 1);
    }
    const text = [...counts].sort().map(([name, count]) => `${name} ${count}`);
    if (counts.size === servers) return text.join(', ');
  }
}

await shares(40, 2); // until both are connected
console.log(`by weight, in the caller's zone: ${await shares(400, 2)}`);
await heavy.update({ metadata: { weight: 1, zone: 'here' } });
let now = await shares(400, 2);
while (now !== 'heavy 200, light 200') now = await shares(400, 2);
console.log(`after an update: ${now}`);
await Promise.all([heavy.drain(), light.drain()]);
now = await shares(40, 1);
while (!now.startsWith('distant')) now = await shares(40, 1);
console.log(`when the zone is empty: ${now}`);

greeter.close();
await distant.drain();
await client.close();
