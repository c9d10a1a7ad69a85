import type { Socket } from 'node:net';

/** grpc-js takes hold of the process through the socket while a call is open; here it is for the call's owner to say. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}
