// A NestJS microservice over gRPC that registers itself, and a NestJS client that calls it by name.
// Usage: node main.js [etcd endpoint]
import { ClientGrpcProxy } from '@nestjs/microservices';
import { channelTarget, EtcdClient, registerEtcdResolver } from '@org/etcd-naming';
import { firstValueFrom, type Observable } from 'rxjs';
import type { HelloReply, HelloRequest } from '../greeter/greeter.js';
import { proto, serveNest, target } from './serve.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const client = new EtcdClient({ endpoints: [endpoint] });
const { app, registration } = await serveNest(client);

registerEtcdResolver(client);
const channel = channelTarget(target);
const nest = new ClientGrpcProxy({ ...proto, url: channel.target, channelOptions: channel.options });
const greeter = nest.getService<{ sayHello(request: HelloRequest): Observable<HelloReply> }>('Greeter');
const { message, server } = await firstValueFrom(greeter.sayHello({ name: 'world' }));
console.log(`${message}, from ${server} under ${registration.key}`);

nest.close();
await app.close(); // drains first; after app.enableShutdownHooks(), SIGTERM does the same
await client.close();
