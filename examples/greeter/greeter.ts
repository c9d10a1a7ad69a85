// The code that a generator would write for greeter.proto, in short: the service, its client and its messages.
import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type ClientUnaryCall,
  type GrpcObject,
  loadPackageDefinition,
  type requestCallback,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface HelloRequest {
  readonly name: string;
}

export interface HelloReply {
  readonly message: string;
  readonly server: string;
}

const file = fileURLToPath(new URL('./greeter.proto', import.meta.url));
const definition = loadPackageDefinition(loadSync(file)) as GrpcObject & {
  readonly greeter: { readonly Greeter: ServiceClientConstructor };
};

export const GreeterService = definition.greeter.Greeter.service;

export class GreeterClient extends definition.greeter.Greeter {
  sayHello(
    request: HelloRequest,
    options: CallOptions,
    callback: requestCallback<HelloReply>,
  ): ClientUnaryCall {
    return this['SayHello']?.(request, options, callback) as ClientUnaryCall;
  }
}
