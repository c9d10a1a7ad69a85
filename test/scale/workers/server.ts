// Answers calls on every address of this machine.
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import { askMethod } from '../support/ask.js';
import { serve } from '../support/serve.js';

const commands = {
  /** Returns the port. */
  async listen(): Promise<number> {
    const server = new grpc.Server();
    const answer: grpc.handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply(null, Buffer.alloc(0));
    server.addService({ ask: askMethod }, { ask: answer });
    const bind = promisify(server.bindAsync.bind(server));
    return (await bind('0.0.0.0:0', grpc.ServerCredentials.createInsecure())) as number;
  },
};
export type ServerCommands = typeof commands;

serve(commands);
