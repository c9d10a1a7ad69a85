// Calls the service once a second, until SIGTERM.
import { once } from 'node:events';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, ServiceDirectory } from '@org/etcd-naming';
import { GreeterClient } from './service.mjs';

process.stdout.once('error', () => process.exit()); // the reader of the output has ended: node caller.mjs | head
const { TARGET = 'foo/bar/my-service' } = process.env;
const client = EtcdClient.fromEnv();
const directory = new ServiceDirectory(client);
registerEtcdResolver(directory);
await directory.ready(TARGET, { timeoutMs: Infinity });

const { target, options } = channelTarget(TARGET);
const greeter = new GreeterClient(target, credentials.createInsecure(), options);
const sayHello = promisify(greeter.sayHello.bind(greeter));
const timer = setInterval(async () => {
  const { message } = await sayHello({ name: 'caller' }).catch((error) => error);
  console.log(message);
}, 1_000);

await once(process, 'SIGTERM');
clearInterval(timer);
greeter.close();
await client.close();
