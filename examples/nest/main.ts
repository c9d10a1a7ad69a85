// A NestJS microservice over gRPC that registers itself, and a NestJS client that finds it. `node main.js [etcd endpoint]`
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientGrpcProxy, GrpcMethod, type GrpcOptions, Transport } from '@nestjs/microservices';
import { dial, EtcdClient, register, registerEtcdResolver } from '@org/etcd-naming';
import { firstValueFrom, type Observable } from 'rxjs';
import type { HelloReply, HelloRequest } from '../greeter/greeter.js';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const target = 'examples/nest';
const proto = {
  package: 'greeter',
  protoPath: fileURLToPath(new URL('../../../examples/greeter/greeter.proto', import.meta.url)),
};

class GreeterController {
  sayHello({ name }: HelloRequest): HelloReply {
    return { message: `Hello, ${name}`, server: 'nest' };
  }
}
// With TypeScript's decorators: @Controller() and @GrpcMethod('Greeter', 'SayHello').
Controller()(GreeterController);
const method = Object.getOwnPropertyDescriptor(GreeterController.prototype, 'sayHello');
if (method) GrpcMethod('Greeter', 'SayHello')(GreeterController.prototype, 'sayHello', method);

class AppModule {}
Module({ controllers: [GreeterController] })(AppModule);

const port = await freePort();
const options: GrpcOptions = { transport: Transport.GRPC, options: { ...proto, url: `127.0.0.1:${port}` } };
const app: INestMicroservice = await NestFactory.createMicroservice(AppModule, { ...options, logger: false });
await app.listen();
const client = new EtcdClient({ endpoints: [endpoint] });
const registration = await register(client, { target, endpoint: { addr: `127.0.0.1:${port}` } });

registerEtcdResolver(client);
const dialled = dial(target);
const nest = new ClientGrpcProxy({ ...proto, url: dialled.target, channelOptions: dialled.options });
const greeter = nest.getService<{ sayHello(request: HelloRequest): Observable<HelloReply> }>('Greeter');
const { message, server } = await firstValueFrom(greeter.sayHello({ name: 'world' }));
console.log(`${message}, from ${server} under ${registration.key}`);

nest.close();
// In a real one: app.enableShutdownHooks(), and this in an OnApplicationShutdown.
await registration.drain({ propagateMs: 100, whenIdle: () => app.close() });
await client.close();

/** Nest binds the port itself, and does not tell which. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return free;
}
