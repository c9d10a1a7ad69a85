import type { Socket } from 'node:net';

/**
 * Ends a socket with RST, now. `resetAndDestroy()` would not do: it first ends the stream, so that the peer may see
 * an orderly FIN, and behind a reader that stands still it waits for ever. This flag is what it sets on the way.
 */
export function reset(socket: Socket): void {
  socket.on('error', () => {});
  // A handle that is connecting or shutting down cannot be reset any more.
  const isResettable = !socket.connecting && socket.writableEnded === socket.writableFinished;
  if (isResettable) Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}
