import type { StatusMessage } from '../../protocol/index.js';

/** What is known about the view. Times are of the browser's monotonic clock, in milliseconds. */
export interface Observation {
  /** Whether a stream is open. */
  readonly connected: boolean;
  /** When the last message was received; before the first one, when the page was opened. */
  readonly receivedAt: number;
  readonly status: StatusMessage | undefined;
  readonly statusAt: number;
  /** Whether a snapshot, or what was missed, has been received completely. */
  readonly complete: boolean;
  /** Whether the next status says that everything that was missed has been received. */
  readonly resumes: boolean;
  /** When what is shown was last known to be etcd's state; undefined before the first snapshot. */
  readonly confirmedAt: number | undefined;
}

/** `asOf`: when what is shown was last current, on the browser's monotonic clock; undefined if nothing is shown. */
export type ViewState =
  | { readonly kind: 'connecting'; readonly forMs: number }
  | { readonly kind: 'starting' }
  | { readonly kind: 'loading'; readonly asOf: number | undefined }
  | { readonly kind: 'live'; readonly confirmedMs: number }
  | {
      readonly kind: 'away';
      readonly forMs: number;
      readonly asOf: number | undefined;
      readonly error: string | undefined;
    }
  | { readonly kind: 'refused'; readonly asOf: number | undefined; readonly error: string | undefined }
  | { readonly kind: 'disconnected'; readonly forMs: number; readonly asOf: number | undefined };

/** The state of the view at a time. Only `live` means that what is shown is current. */
export function viewState(observation: Observation, now: number): ViewState {
  const { connected, status, receivedAt, confirmedAt } = observation;
  if (!connected || !status) {
    const forMs = now - receivedAt;
    return status ? { kind: 'disconnected', forMs, asOf: confirmedAt } : { kind: 'connecting', forMs };
  }
  return etcdState(observation, status, now);
}

function etcdState(observation: Observation, status: StatusMessage, now: number): ViewState {
  const { complete, statusAt, confirmedAt: asOf } = observation;
  const { error } = status;
  switch (status.etcd) {
    case 'starting':
      return { kind: 'starting' };
    case 'away':
      return { kind: 'away', forMs: (status.awayMs ?? 0) + now - statusAt, asOf, error };
    case 'refused':
      return { kind: 'refused', asOf, error };
    case 'live':
      return complete && asOf !== undefined
        ? { kind: 'live', confirmedMs: Math.max(0, now - asOf) }
        : { kind: 'loading', asOf };
  }
}
