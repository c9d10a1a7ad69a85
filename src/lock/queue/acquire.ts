import { onAbort } from '../../async/index.js';
import { Acquisition } from './acquisition.js';
import { AcquisitionObserver, type OwnershipKind } from './acquisition-observer.js';
import { queuePrefix } from './name.js';
import { Ownership } from './ownership.js';
import type { QueueClient } from './ports.js';

/** What to acquire, and how to wait for it. */
export interface AcquireRequest {
  /** Under which name it is counted and published. */
  readonly kind: OwnershipKind;
  /** The queue's name; its keys are below the name and a slash. */
  readonly name: Buffer;
  /** What errors call it, such as `the lock 'jobs'`. */
  readonly what: string;
  /** The value of the own key: empty for a lock, the proposal for an election. */
  readonly value: Buffer;
  readonly ttlSeconds: number;
  /** `try` does not join a queue that has a key. */
  readonly mode: 'wait' | 'try';
  /** Whether to join the queue again when the place is lost while waiting. */
  readonly requeue: boolean;
  /** The time for the acquisition, in milliseconds; Infinity for none. */
  readonly timeoutMs: number;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Joins the queue with a lease and a key of its own, and resolves when the key is the first one; with undefined only in
 * the mode `try`. Whatever was created is removed in the background when it rejects, also when the client closes: the
 * client keeps its connections for that.
 */
export function acquire(client: QueueClient, request: AcquireRequest): Promise<Ownership | undefined> {
  const { kind, mode, name, what, signal, timeoutMs } = request;
  const shown = client.namespace ? Buffer.concat([client.namespace, name]) : name;
  const observer = new AcquisitionObserver(client.diagnostics, kind, shown, mode === 'wait');
  return new Promise((resolve, reject) => {
    let ownership: Ownership | undefined;
    // Settled here, in the callbacks: an abort after that must not reject a promise whose owner would never be known.
    let removeAbortListeners = () => {};
    const settle = <T>(end: (value: T) => void, value: T) => {
      removeAbortListeners();
      end(value);
    };
    const refuse = (reason: unknown) => {
      observer.onNotAcquired(reason);
      settle(reject, reason);
    };
    const options = { ...request, prefix: queuePrefix(name) };
    const acquisition: Acquisition = new Acquisition(client, options, {
      acquired: (acquired, lease) => {
        const onEnd = (end: Error) => observer.onEnded(end);
        ownership = new Ownership({ client, acquisition, lease, acquired, name, what, onEnd });
        observer.onAcquired(acquired.token);
        settle(resolve, ownership);
      },
      taken: () => {
        observer.onNotAcquired(undefined);
        settle(resolve, undefined);
      },
      refused: refuse,
      lost: (error) => ownership?.onLost(error),
      released: (error) => ownership?.onReleased(error),
    });
    const abort = (reason: unknown) => {
      acquisition.dispatch({ type: 'abort' });
      refuse(reason);
    };
    const ends = [signal, client.closing];
    const removers = ends.map((end) => onAbort(end, abort));
    removeAbortListeners = () => {
      for (const remove of removers) remove();
    };
    if (!ends.some((end) => end?.aborted)) acquisition.dispatch({ type: 'start', timeoutMs });
  });
}
