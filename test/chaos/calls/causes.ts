import { status } from '@grpc/grpc-js';
import type { FailedCall } from './messages.js';

export interface Kill {
  readonly addr: string;
  /** Just before the signal was sent. */
  readonly at: number;
}

/** A killed process's connections end at once; so long it may take a busy caller to see it. */
const closeDetectionMs = 5_000;

/** Whether the call was in flight on a server that was killed: it started before its process saw the connection end. */
export function wasInFlight(call: FailedCall, kills: readonly Kill[]): boolean {
  return kills.some(
    ({ addr, at }) =>
      addr === call.peer &&
      call.endedAt >= at &&
      call.connectionEnds.some((end) => end >= at && end <= at + closeDetectionMs && end >= call.startedAt),
  );
}

/** A code and a text that calls of one cause have in common: without addresses, times and numbers. */
export function causeOf({ code, text }: FailedCall): string {
  const common = text
    .replace(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDR')
    .replace(/\d+/g, 'N')
    .slice(0, 110);
  return `${status[code] ?? code}: ${common}`;
}
