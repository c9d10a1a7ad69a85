import 'reflect-metadata';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BeforeApplicationShutdown, Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, type GrpcOptions, Transport } from '@nestjs/microservices';
import { type EtcdClient, type Registration, register } from '@org/etcd-naming';
import type { HelloReply, HelloRequest } from '../greeter/greeter.js';

export const target = 'examples/nest';
export const proto = {
  package: 'greeter',
  protoPath: fileURLToPath(new URL('../greeter/greeter.proto', import.meta.url)),
};

class GreeterController {
  async sayHello({ name }: HelloRequest): Promise<HelloReply> {
    await setTimeout(50); // so that calls are in progress whenever it is stopped
    return { message: `Hello, ${name}`, server: 'nest' };
  }
}
// The same as the decorators @Controller() and @GrpcMethod('Greeter', 'SayHello').
Controller()(GreeterController);
const method = Object.getOwnPropertyDescriptor(GreeterController.prototype, 'sayHello');
if (method) GrpcMethod('Greeter', 'SayHello')(GreeterController.prototype, 'sayHello', method);

/** Nest calls this hook while its server still answers. It calls OnApplicationShutdown after the server has closed. */
class Discovery implements BeforeApplicationShutdown {
  registration: Registration | undefined;

  async beforeApplicationShutdown(): Promise<void> {
    await this.registration?.drain();
  }
}
Injectable()(Discovery);

class AppModule {}
Module({ controllers: [GreeterController], providers: [Discovery] })(AppModule);

/** Starts a NestJS microservice and registers it. `app.close()` ends it without losing a call. */
export async function serveNest(client: EtcdClient) {
  const addr = `127.0.0.1:${await freePort()}`;
  const options: GrpcOptions = {
    transport: Transport.GRPC,
    options: { ...proto, url: addr, gracefulShutdown: true }, // without it, Nest cancels the calls in progress
  };
  const app = await NestFactory.createMicroservice(AppModule, { ...options, logger: false });
  await app.listen();
  const registration = await register(client, { target, addr });
  app.get(Discovery).registration = registration;
  return { app, registration };
}

/** Returns a free port. Nest binds the port itself, and does not report which one it has bound. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
