// The smallest complete program: a server that registers itself, and a client that dials its name.
// Usage: node main.js [etcd endpoint]
import { credentials } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, registerServer } from '@org/etcd-naming';
import { sayHello } from '../greeter/call.js';
import { GreeterClient } from '../greeter/greeter.js';
import { serveGreeter } from '../greeter/serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });

const { server, port } = await serveGreeter('plain');
const target = 'examples/plain';
const registration = await registerServer(server, client, { target, addr: `127.0.0.1:${port}` });

registerEtcdResolver(client);
const channel = channelTarget(target);
const greeter = new GreeterClient(channel.target, credentials.createInsecure(), channel.options);
const { message, server: name } = await sayHello(greeter, 'world');
console.log(`${message}, from ${name} under ${registration.key}`);

greeter.close();
await registration.drain();
await client.close();
