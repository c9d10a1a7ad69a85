import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { GreeterService, type HelloReply, type HelloRequest } from './greeter.js';

/** Starts a greeter. `delayMs` delays its answers; `wantedPort` 0 selects a free port. */
export async function serveGreeter(
  name: string,
  delayMs = 0,
  wantedPort = 0,
): Promise<{ server: Server; port: number }> {
  const server = new Server();
  const greeter: UntypedServiceImplementation = {
    SayHello: ({ request }: ServerUnaryCall<HelloRequest, HelloReply>, reply: sendUnaryData<HelloReply>) => {
      setTimeout(() => reply(null, { message: `Hello, ${request.name}`, server: name }), delayMs);
    },
  };
  server.addService(GreeterService, greeter);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${wantedPort}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, port };
}
