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
  protoPath: fileURLToPath(new URL('../../../examples/greeter/greeter.proto', import.meta.url)),
};

class GreeterController {
  async sayHello({ name }: HelloRequest): Promise<HelloReply> {
    await setTimeout(50); // so that some calls are under way whenever it is stopped
    return { message: `Hello, ${name}`, server: 'nest' };
  }
}
// With TypeScript's decorators: @Controller() and @GrpcMethod('Greeter', 'SayHello').
Controller()(GreeterController);
const method = Object.getOwnPropertyDescriptor(GreeterController.prototype, 'sayHello');
if (method) GrpcMethod('Greeter', 'SayHello')(GreeterController.prototype, 'sayHello', method);

/** Nest calls this hook while its server still answers; OnApplicationShutdown comes after the server has closed. */
class Discovery implements BeforeApplicationShutdown {
  registration: Registration | undefined;

  async beforeApplicationShutdown(): Promise<void> {
    await this.registration?.drain();
  }
}
Injectable()(Discovery);

class AppModule {}
Module({ controllers: [GreeterController], providers: [Discovery] })(AppModule);

/** A NestJS microservice that is registered while it serves; `app.close()` ends it without a call lost. */
export async function serveNest(client: EtcdClient) {
  const addr = `127.0.0.1:${await freePort()}`;
  const options: GrpcOptions = {
    transport: Transport.GRPC,
    options: { ...proto, url: addr, gracefulShutdown: true }, // else it cancels the calls under way
  };
  const app = await NestFactory.createMicroservice(AppModule, { ...options, logger: false });
  await app.listen();
  const registration = await register(client, { target, addr });
  app.get(Discovery).registration = registration;
  return { app, registration };
}

/** Nest binds the port itself, and does not tell which. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}
