import {
  AsyncQueue,
  type AsyncStream,
  CancellableIterator,
  type Clock,
  isReasonOf,
  OneLoop,
  onAbort,
  raceAbort,
  secondLoopError,
} from '../async/index.js';
import { Code, DeadlineError, EtcdError, needsNewToken, toEtcdError } from '../errors/index.js';
import type {
  CallOptions,
  CallTracer,
  EndpointStream,
  MaintenanceCalls,
  SnapshotResponse,
} from '../wire/index.js';
import { SnapshotVerifier } from './snapshot-verifier.js';

/** Options of {@link MaintenanceClient.snapshot}. */
export interface SnapshotOptions extends CallOptions {
  /**
   * How long to wait for each part of the snapshot, in milliseconds, whatever its size. Default: the client's `timeoutMs`.
   * `Infinity` means no limit.
   */
  readonly timeoutMs?: number;
}

/** The parts of a snapshot, each of about 32 KiB, and how much of it has arrived. */
export interface SnapshotStream extends AsyncStream<Buffer> {
  /** The size of the snapshot in bytes, with the checksum at its end; undefined before the first part. */
  readonly totalBytes: number | undefined;
  /** How many bytes have been returned. Equal to `totalBytes` at the end. */
  readonly receivedBytes: number;
  /** The version of the layout of the database, such as `3.6.0`; undefined before the first part and before etcd 3.6. */
  readonly version: string | undefined;
}

/** A snapshot that was saved as a file. */
export interface SavedSnapshot {
  /** The size of the file in bytes, with the checksum at its end. */
  readonly bytes: number;
  /** The version of the layout of the database, such as `3.6.0`; undefined before etcd 3.6. */
  readonly version: string | undefined;
}

/** Reads one snapshot. The server is stopped by flow control while the parts are not read. */
export class SnapshotReader extends OneLoop<Buffer> implements SnapshotStream {
  readonly #verifier: SnapshotVerifier;

  constructor(
    calls: MaintenanceCalls,
    clock: Clock,
    endpoint: string,
    options: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ) {
    const verifier = new SnapshotVerifier();
    const { signal, timeoutMs } = options;
    const source = { calls, clock, endpoint, signal, timeoutMs, verifier };
    super(new CancellableIterator((left) => parts(source, left)), () =>
      secondLoopError('a snapshot', 'snapshot'),
    );
    this.#verifier = verifier;
  }

  get totalBytes(): number | undefined {
    return this.#verifier.totalBytes;
  }

  get receivedBytes(): number {
    return this.#verifier.receivedBytes;
  }

  get version(): string | undefined {
    return this.#verifier.version;
  }
}

interface Source {
  readonly calls: MaintenanceCalls;
  readonly clock: Clock;
  readonly endpoint: string;
  readonly signal: AbortSignal | undefined;
  /** For each part. */
  readonly timeoutMs: number;
  readonly verifier: SnapshotVerifier;
}

/** How many new tokens etcd may refuse. */
const maxTokenRefusals = 2;

async function* parts(source: Source, left: AbortSignal): AsyncGenerator<Buffer, undefined, undefined> {
  const { calls, signal, verifier } = source;
  const release = calls.keepProcessAlive();
  const trace = calls.traceSnapshot();
  const open = () => {
    signal?.throwIfAborted();
    return new Transfer(source, trace);
  };
  const isLeft = (error: unknown) => error === left.reason || isReasonOf(signal, error);
  try {
    for (let refusals = 0; ; refusals++) {
      const transfer = trace && refusals === 0 ? trace.start(open) : open();
      const stops = [left, signal].map((one) => onAbort(one, (reason) => transfer.stop(reason)));
      try {
        while (!verifier.isComplete) {
          const part = await transfer.next();
          verifier.add(part);
          if (part.blob.length > 0) yield part.blob;
        }
        trace?.succeeded();
        return undefined;
      } catch (error) {
        trace?.attemptEnded(isLeft(error) ? undefined : error);
        const refused = refusals < maxTokenRefusals && verifier.receivedBytes === 0 && tokenRefusal(error);
        if (!refused) throw error;
        const refreshed = calls.refreshToken(transfer.generation, refused);
        await raceAbort(raceAbort(refreshed, left), signal);
      } finally {
        for (const removeListener of stops) removeListener();
        transfer.stop();
      }
    }
  } catch (error) {
    if (error === left.reason) trace?.cancelled(leftError());
    else trace?.failed(error, signal);
    throw error;
  } finally {
    trace?.cancelled(leftError());
    release();
  }
}

/** The error of a snapshot that its reader left before its end, for its trace. */
function leftError(): EtcdError {
  return new EtcdError('the reader left the snapshot before its end', { code: Code.CANCELLED });
}

function tokenRefusal(error: unknown): EtcdError | undefined {
  const refusal = toEtcdError(error);
  return needsNewToken(refusal) ? refusal : undefined;
}

/** One attempt. At most one part is buffered; flow control keeps the rest on the server. */
class Transfer {
  readonly #clock: Clock;
  readonly #endpoint: string;
  readonly #timeoutMs: number;
  readonly #stream: EndpointStream;
  readonly #parts = new AsyncQueue<SnapshotResponse>(() => this.#onTaken());
  #resumeReceiving: (() => void) | undefined;

  constructor({ calls, clock, endpoint, timeoutMs }: Source, trace: CallTracer | undefined) {
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
    const handlers = {
      message: (part: SnapshotResponse) => this.#receive(part),
      end: (error: EtcdError) => this.#parts.end(error),
    };
    this.#stream = calls.snapshot(endpoint, handlers, trace);
  }

  get generation(): number {
    return this.#stream.generation ?? 0;
  }

  /** @throws {EtcdError} if the transfer failed or the member sent nothing in time; the reason of `stop`. */
  async next(): Promise<SnapshotResponse> {
    const cancelTimer = this.#clock.setTimer(this.#timeoutMs, () =>
      this.stop(silentError(this.#endpoint, this.#timeoutMs)),
    );
    try {
      const { value } = await this.#parts.take();
      if (value === undefined) throw new DeadlineError(`the snapshot of ${this.#endpoint} ended early`);
      return value;
    } finally {
      cancelTimer();
    }
  }

  /** Ends the transfer, also on the server. Idempotent. */
  stop(reason?: unknown): void {
    this.#stream.cancel();
    this.#onTaken();
    this.#parts.discard(reason);
  }

  #receive(part: SnapshotResponse): void | Promise<void> {
    this.#parts.put(part);
    if (this.#parts.size === 0) return;
    return new Promise((resolve) => {
      this.#resumeReceiving = resolve;
    });
  }

  #onTaken(): void {
    this.#resumeReceiving?.();
    this.#resumeReceiving = undefined;
  }
}

function silentError(endpoint: string, timeoutMs: number): DeadlineError {
  return new DeadlineError(`Snapshot on ${endpoint} sent nothing for ${Math.round(timeoutMs)} ms`);
}
