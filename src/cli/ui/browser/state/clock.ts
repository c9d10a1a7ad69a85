import { type ReadonlySignal, signal } from '@preact/signals';

const ticks = signal(performance.now());

/** The browser's monotonic time in milliseconds, once a second. Reading it in a component renders that once a second. */
export const tick: ReadonlySignal<number> = ticks;

export function startTicks(): void {
  setInterval(() => {
    ticks.value = performance.now();
  }, 1_000);
}

let offset = Date.now() - performance.now();

/** The wall clock of the command, of which all times of the messages are, in milliseconds since 1970. */
export function serverNow(): number {
  return performance.now() + offset;
}

export function setServerNow(now: number): void {
  offset = now - performance.now();
}
