import type { Socket } from 'node:net';
import { systemClock } from '../async/index.js';

/** grpc-js takes hold of the process through the socket while a call is open; here it is for the call's owner to say. */
export function letGo(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}

const gaveUp = new WeakSet<Socket>();

/** Whether the socket was closed from this side, for want of an answer. */
export function wasGivenUp(socket: Socket): boolean {
  return gaveUp.has(socket);
}

/** Asked once: HTTP/2's settings or TLS's hello come first from a live peer, so any byte at all is proof of life. */
export function hangUpOnSilence(socket: Socket, silenceMs: number): void {
  hangUpUnless(() => socket.bytesRead > 0, socket, 'accepted the connection but said nothing for', silenceMs);
}

/** Closes the socket after that time unless it did well by then; the returned function lets it be. */
export function hangUpUnless(didWell: () => boolean, socket: Socket, what: string, ms: number): () => void {
  const stop = systemClock.setTimer(ms, () => {
    if (didWell()) return;
    gaveUp.add(socket);
    socket.destroy(new Error(`${what} ${ms} ms`));
  });
  socket.once('close', stop);
  return stop;
}
