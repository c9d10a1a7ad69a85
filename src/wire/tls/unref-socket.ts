import type { Socket } from 'node:net';

/**
 * Stops a socket from keeping the process alive: the owner of a call decides about that.
 *
 * Workaround (grpc-js 1.14.7; https://github.com/grpc/grpc-node/pull/2337): grpc-js refs the socket while any call is
 * open, so `ref` has no effect here. Remove when grpc-js has an option for it.
 */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}
