// A greeter that registers itself. Started as a process of its own: node server.js <name> <etcd endpoint>
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { EtcdClient, register } from '@org/etcd-naming';
import { GreeterService, type HelloReply, type HelloRequest } from '../greeter/greeter.js';

const [name = 'greeter', endpoint = '127.0.0.1:2379'] = process.argv.slice(2);

const server = new Server();
server.addService(GreeterService, {
  SayHello: ({ request }: ServerUnaryCall<HelloRequest, HelloReply>, reply: sendUnaryData<HelloReply>) => {
    reply(null, { message: `Hello, ${request.name}`, server: name });
  },
});
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
});

const client = new EtcdClient({ endpoints: [endpoint] });
const registration = await register(client, {
  target: 'demo/greeter',
  id: name,
  endpoint: { addr: `127.0.0.1:${port}` },
  ttlSeconds: 5,
});
process.send?.({ name, port });

process.once('SIGTERM', async () => {
  await registration.close();
  await client.close();
  server.tryShutdown(() => process.exit(0));
});
process.once('disconnect', () => process.exit(0));
