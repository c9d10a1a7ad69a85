// A NestJS microservice that registers itself, and a NestJS client that calls it by name.
import 'reflect-metadata';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type BeforeApplicationShutdown, Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientGrpcProxy, GrpcMethod, type GrpcOptions, Transport } from '@nestjs/microservices';
import {
  channelTarget,
  EtcdClient,
  type Registration,
  register,
  registerEtcdResolver,
} from '@org/etcd-naming';
import { firstValueFrom, type Observable } from 'rxjs';

const { ETCD_ENDPOINT = '', CONSUMER = '' } = process.env;
const proto = { package: 'hello', protoPath: join(process.cwd(), 'hello.proto') };

@Controller()
class HelloController {
  @GrpcMethod('Hello', 'Say')
  say({ text }: { text: string }) {
    return { text: `hello, ${text}` };
  }
}

@Injectable()
class Discovery implements BeforeApplicationShutdown {
  registration: Registration | undefined;

  async beforeApplicationShutdown() {
    await this.registration?.drain();
  }
}

@Module({ controllers: [HelloController], providers: [Discovery] })
class AppModule {}

async function serve(client: EtcdClient) {
  const url = `127.0.0.1:${await freePort()}`;
  const app = await NestFactory.createMicroservice<GrpcOptions>(AppModule, {
    transport: Transport.GRPC,
    options: { ...proto, url, gracefulShutdown: true },
    logger: ['error', 'warn'],
  });
  await app.listen();
  app.get(Discovery).registration = await register(client, { target: CONSUMER, addr: url });
  return app;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

async function main() {
  const client = new EtcdClient({ endpoints: [ETCD_ENDPOINT] });
  const app = await serve(client);
  registerEtcdResolver(client);
  const { target, options } = channelTarget(CONSUMER);
  const nest = new ClientGrpcProxy({ ...proto, url: target, channelOptions: options });
  const service = nest.getService<{ say(message: { text: string }): Observable<{ text: string }> }>('Hello');
  console.log((await firstValueFrom(service.say({ text: CONSUMER }))).text);
  nest.close();
  await app.close();
  await client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
