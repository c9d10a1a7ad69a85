// A gRPC service with messages in JSON, in place of code that is generated from a .proto file.
import { makeGenericClientConstructor } from '@grpc/grpc-js';

const serialize = (message) => Buffer.from(JSON.stringify(message));
const deserialize = (bytes) => JSON.parse(bytes.toString());

export const GreeterService = {
  sayHello: {
    path: '/greeter.Greeter/SayHello',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};

export const GreeterClient = makeGenericClientConstructor(GreeterService, 'Greeter');
