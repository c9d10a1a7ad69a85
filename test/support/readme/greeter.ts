// Imported by the README's snippets: the service as a generator would write it.
import type { requestCallback, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { makeGenericClientConstructor } from '@grpc/grpc-js';

export interface HelloRequest {
  readonly name: string;
}

export interface HelloReply {
  readonly message: string;
}

const json = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: HelloRequest) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer): HelloRequest => JSON.parse(bytes.toString()),
  responseSerialize: (value: HelloReply) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer): HelloReply => JSON.parse(bytes.toString()),
};

export const GreeterService = { sayHello: { path: '/greeter.Greeter/SayHello', ...json } };

export function sayHello(
  call: ServerUnaryCall<HelloRequest, HelloReply>,
  reply: sendUnaryData<HelloReply>,
): void {
  reply(null, { message: `Hello, ${call.request.name}` });
}

const Base = makeGenericClientConstructor(GreeterService, 'Greeter');

export class GreeterClient extends Base {
  declare sayHello: (request: HelloRequest, callback: requestCallback<HelloReply>) => void;
}
