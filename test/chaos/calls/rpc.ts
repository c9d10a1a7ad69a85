import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { bytesMethod } from '../../support/bytes-method.js';

const method = bytesMethod('/chaos.Calls/Ask');

/** Some responses are slow, so that calls are in flight when a server stops. */
const responseDelaysMs = [0, 5, 5, 10, 20, 300];

/** Starts a server. `port` 0: any free port. */
export async function startServer(
  port: number,
): Promise<{ readonly server: grpc.Server; readonly addr: string }> {
  const server = new grpc.Server();
  const ask: grpc.handleUnaryCall<Buffer, Buffer> = async (_, reply) => {
    await sleep(responseDelaysMs[Math.floor(Math.random() * responseDelaysMs.length)]);
    reply(null, Buffer.alloc(0));
  };
  server.addService({ ask: method }, { ask });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, got) =>
      error ? reject(error) : resolve(got),
    );
  });
  return { server, addr: `127.0.0.1:${bound}` };
}

const deadlineMs = 10_000;

export type CallFailure = { readonly error: grpc.ServiceError; readonly peer: string } | undefined;

/** Makes one call; resolves with its failure, if any. */
export function callOnce(channel: grpc.Client): Promise<CallFailure> {
  return new Promise((resolve) => {
    const call = channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      Buffer.alloc(0),
      { deadline: Date.now() + deadlineMs },
      (error) => resolve(error ? { error, peer: call.getPeer() } : undefined),
    );
  });
}
