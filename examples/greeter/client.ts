// Calls the greeters by the name of their service, twice a second, until Ctrl-C. Start it before or after server.js.
// Usage: node client.js [etcd endpoint]
import { credentials } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver } from '@org/etcd-naming';
import { sayHello } from './call.js';
import { GreeterClient } from './greeter.js';

process.stdout.once('error', () => process.exit()); // the reader of the output has ended: node client.js | head
const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
registerEtcdResolver(client);

const { target, options } = channelTarget('examples/greeter');
const greeter = new GreeterClient(target, credentials.createInsecure(), options);

setInterval(async () => {
  try {
    const { message, server } = await sayHello(greeter, 'world');
    console.log(`${message}, from ${server}`);
  } catch (error) {
    console.log(String(error));
  }
}, 500);
