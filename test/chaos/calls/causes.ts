import { status } from '@grpc/grpc-js';
import type { FailedCall } from './messages.js';

export interface Kill {
  readonly addr: string;
  /** Just before the signal was sent. */
  readonly at: number;
}

/** A killed process's connections end immediately; a busy caller may take this long to observe it. */
const closeDetectionMs = 5_000;

/** Whether the call was in flight on a killed server: it started before the caller observed the connection's end. */
export function wasInFlight(call: FailedCall, kills: readonly Kill[]): boolean {
  return kills.some(
    ({ addr, at }) =>
      addr === call.peer &&
      call.endedAt >= at &&
      call.connectionEnds.some((end) => end >= at && end <= at + closeDetectionMs && end >= call.startedAt),
  );
}

/** The code and text that calls with one cause share: addresses, times and numbers are removed. */
export function causeOf({ code, text }: FailedCall): string {
  const common = text
    .replace(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDR')
    .replace(/\d+/g, 'N')
    .slice(0, 110);
  return `${status[code] ?? code}: ${common}`;
}
