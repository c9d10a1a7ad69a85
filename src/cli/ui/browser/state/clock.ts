import { type ReadonlySignal, signal } from '@preact/signals';

const ticks = signal(performance.now());

/** The browser's monotonic time in milliseconds, once a second. Reading it in a component renders that once a second. */
export const tick: ReadonlySignal<number> = ticks;

/** A difference between the clocks' steps that is not one of a busy page or an adjusted clock. */
const suspensionMs = 5_000;

/** @param onSuspension called when the computer was suspended, during which the monotonic clock may have stood still. */
export function startTicks(onSuspension: () => void): void {
  let wallOffset = Date.now() - performance.now();
  setInterval(() => {
    const now = performance.now();
    const nextOffset = Date.now() - now;
    if (nextOffset - wallOffset > suspensionMs) onSuspension();
    wallOffset = nextOffset;
    ticks.value = now;
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
