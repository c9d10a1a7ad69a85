import type { Socket } from 'node:net';
import { systemClock } from './clock.js';

const timedOutSockets = new WeakSet<Socket>();

/** Whether the socket was closed from this side, for want of an answer. */
export function timedOut(socket: Socket): boolean {
  return timedOutSockets.has(socket);
}

/** Asked once: HTTP/2's settings or TLS's hello come first from a live peer, so any byte at all is proof of life. */
export function destroyIfSilent(
  socket: Socket,
  silenceMs: number,
  what = 'accepted the connection but said nothing for',
): void {
  destroyUnless(() => socket.bytesRead > 0, socket, what, silenceMs);
}

/** Closes the socket after that time unless it did well by then; the returned function lets it be. */
export function destroyUnless(isOk: () => boolean, socket: Socket, what: string, ms: number): () => void {
  let second: NodeJS.Immediate | undefined;
  const cancel = systemClock.setTimer(ms, () => {
    // A process that was blocked reads what has come meanwhile only after its timers.
    second = setImmediate(() => {
      if (isOk()) return;
      timedOutSockets.add(socket);
      socket.destroy(new Error(`${what} ${ms} ms`));
    });
  });
  const stop = () => {
    cancel();
    clearImmediate(second);
  };
  socket.once('close', stop);
  return stop;
}
