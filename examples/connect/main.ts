// Servers of connect by name: each request to the next one. Usage: node main.js [etcd endpoint]
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { EtcdClient } from '@org/etcd-naming';
import { BalancedTransport } from './balanced-transport.js';
import { Greeter } from './greeter_pb.js';
import { serveGreeter, target } from './serve.js';

const [etcdEndpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [etcdEndpoint] });
const one = await serveGreeter('one', client);
const two = await serveGreeter('two', client);

const transport = new BalancedTransport(client, target);
await transport.ready(2);
const greeter = createClient(Greeter, transport);

/** Calls that may be repeated: after a failure to another server. */
async function sayHello(attempts = 3): Promise<string> {
  try {
    return (await greeter.sayHello({ name: 'world' })).server;
  } catch (error) {
    if (attempts <= 1 || ConnectError.from(error).code !== Code.Unavailable) throw error;
    return sayHello(attempts - 1);
  }
}

/** Who answers so many requests, one after the other. */
async function answers(requests: number): Promise<string> {
  const counts = new Map<string, number>();
  for (let i = 0; i < requests; i++) {
    const name = await sayHello();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort()
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

console.log(`answered by ${await answers(6)}`);
await one.kill(); // its record remains until its lease ends
console.log(`without the server one, whose record remains: ${await answers(6)}`);
await Promise.all([one.drain(), two.drain()]);
transport[Symbol.dispose]();
await client.close();
