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

/** A blocked event loop uses up one part of the time at most: the others remain for what arrives after it. */
const parts = 4;

/**
 * Closes the socket after `ms` milliseconds, in which this process was able to run, unless `isOk()` is true by then.
 * Returns a function that cancels this.
 * @param what The text of the socket's error, before the number of milliseconds.
 */
export function destroyUnless(isOk: () => boolean, socket: Socket, what: string, ms: number): () => void {
  let immediate: NodeJS.Immediate | undefined;
  let cancel = () => {};
  const wait = (remaining: number) => {
    cancel = systemClock.setTimer(ms / parts, () => {
      // After a blocked event loop, timers run before the data that has arrived meanwhile is read.
      immediate = setImmediate(() => {
        if (isOk()) return;
        if (remaining > 1) wait(remaining - 1);
        else destroy();
      });
    });
  };
  const destroy = () => {
    timedOutSockets.add(socket);
    socket.destroy(new Error(`${what} ${ms} ms`));
  };
  const stop = () => {
    cancel();
    clearImmediate(immediate);
  };
  wait(parts);
  socket.once('close', stop);
  return stop;
}
