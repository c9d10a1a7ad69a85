import type { Socket } from 'node:net';

/**
 * Closes a socket with RST, immediately. `resetAndDestroy()` does not: it first ends the stream, so that the peer may get
 * a FIN, and it waits forever for a peer that does not read. The flag set here is the one that makes it reset.
 */
export function reset(socket: Socket): void {
  socket.on('error', () => {});
  // A handle that is connecting or shutting down can no longer be reset.
  const isResettable = !socket.connecting && socket.writableEnded === socket.writableFinished;
  if (isResettable) Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}
