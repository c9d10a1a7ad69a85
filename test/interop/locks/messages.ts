/** Whose lock a process takes: this package's, Go's `concurrency.Mutex`, `etcdctl lock`, the server's Lock RPC. */
export const sides = ['ours', 'go', 'etcdctl', 'server'] as const;
export type Side = (typeof sides)[number];

/** Take the lock, change the counter, release the lock. */
export interface Order {
  readonly id: number;
  /** The name of the lock. */
  readonly name: string;
  /** The path of the file with the counter. */
  readonly counter: string;
  readonly ttlSeconds: number;
  /** Between the read and the write of the counter. */
  readonly pauseMs: number;
  /** Whether the process waits for {@link Proceed} between the read and the write. */
  readonly gated: boolean;
}

/** Continue with the write. */
export interface Proceed {
  readonly id: number;
  readonly proceed: true;
}

/** What a process reports; `at` is in nanoseconds of the machine's monotonic clock. */
export type Report =
  /** It has the lock and has read the counter. */
  | {
      readonly id: number;
      readonly event: 'acquired';
      readonly at: string;
      readonly token: string;
      readonly count: number;
    }
  /** It has written the counter, and releases the lock next. */
  | { readonly id: number; readonly event: 'left'; readonly at: string; readonly count: number }
  | { readonly id: number; readonly event: 'released' }
  | { readonly id: number; readonly event: 'failed'; readonly error: string };
