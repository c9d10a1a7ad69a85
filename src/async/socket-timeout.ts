import type { Socket } from 'node:net';
import { systemClock } from './time/clock.js';

const timedOutSockets = new WeakSet<Socket>();

/** Whether this side closed the socket because the peer was silent for too long. */
export function timedOut(socket: Socket): boolean {
  return timedOutSockets.has(socket);
}

/** Closes the socket unless a byte arrives in time. A live peer first sends HTTP/2 settings or a TLS hello. */
export function destroyIfSilent(
  socket: Socket,
  silenceMs: number,
  what = 'accepted the connection but sent nothing for',
): void {
  destroyUnless(() => socket.bytesRead > 0, socket, what, silenceMs);
}

/**
 * Closes the socket after `ms` milliseconds unless `isOk()` is true by then. Returns a function that cancels this.
 * @param what The text of the socket's error, before the number of milliseconds.
 */
export function destroyUnless(isOk: () => boolean, socket: Socket, what: string, ms: number): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const cancel = systemClock.setTimer(ms, () => {
    // After a blocked event loop, timers run before the data that has arrived meanwhile is read.
    immediate = setImmediate(() => {
      if (isOk()) return;
      timedOutSockets.add(socket);
      socket.destroy(new Error(`${what} ${ms} ms`));
    });
  });
  const stop = () => {
    cancel();
    clearImmediate(immediate);
  };
  socket.once('close', stop);
  return stop;
}
