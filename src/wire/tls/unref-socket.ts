import type { Socket } from 'node:net';

/** Stops a socket from keeping the process alive. grpc-js refs it while a call is open; here the call's owner decides. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}
