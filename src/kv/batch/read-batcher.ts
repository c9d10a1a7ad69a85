import { type Clock, inRootContext, onAbort } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import type {
  BatchCalls,
  CallOptions,
  FailedAttempt,
  RangeRequest,
  RangeResponse,
  ReadBatchResponse,
  ReadTrace,
  ReadyConnection,
} from '../../wire/index.js';
import { rangeRequest } from '../requests.js';
import { checkRangeResponse } from '../response-check.js';
import { revisionOf } from '../results.js';
import type { GetOptions, GetResult } from '../types.js';
import { BatchCore, type BatchLimits, type PlannedBatch } from './core/index.js';
import { copyKeyValue, misfit, readResult } from './results.js';
import { SentBatch } from './sent-batch.js';
import { SingleRead } from './single-read.js';
import { TracedRead } from './traced-read.js';

/** Taken when the module is loaded: fake timers, as tests install them, must not stop reads. */
const { queueMicrotask, setImmediate } = globalThis;
const { nextTick } = process;

export interface BatcherPorts {
  readonly calls: BatchCalls;
  readonly clock: Clock;
  /** The default time limit of a read, in milliseconds. */
  readonly timeoutMs: number;
  readonly limits: BatchLimits;
}

/**
 * From this number of separate reads in flight on, a read waits for those that the other events of the same turn request.
 * Without this, reads that each follow the answer of another one would never meet, and a client under load would stay
 * without batches after a lost connection.
 */
const busyReads = 8;

/**
 * Sends the reads of single keys that are requested in one turn of the event loop together, as read-only transactions,
 * where the core permits it. Each read keeps its own result, errors, signal and deadline.
 */
export class ReadBatcher {
  readonly #ports: BatcherPorts;
  readonly #core: BatchCore<SingleRead>;
  #queue: SingleRead[] = [];
  /** The number of separate reads in flight. */
  #separate = 0;
  /** Whether reads met that found no connection: the next read asks about its server, even if it is alone. */
  #metUnconnected = false;
  /**
   * The reads that follow the answers of a batch are requested in microtasks, which all run before the next tick. From
   * the main program, ticks come before microtasks: hence both.
   */
  readonly #afterMicrotasks = () => nextTick(this.#flush);
  readonly #flush = () => this.#send();
  readonly #sentPorts;

  constructor(ports: BatcherPorts) {
    this.#ports = ports;
    this.#core = new BatchCore(ports.limits);
    this.#sentPorts = {
      clock: ports.clock,
      allowExit: () => ports.calls.allowExit(),
      onTimedOut: (read: SingleRead, { attempt }: SentBatch) =>
        this.#sendSeparately(read, attempt.timedOut()),
    };
  }

  /** @param prefixLength The length of the namespace, which the key starts with and the key of the result does not. */
  get(key: Buffer, options: GetOptions & CallOptions, prefixLength = 0): Promise<GetResult> {
    const { calls, clock, timeoutMs } = this.#ports;
    const deadline = clock.now() + (options.timeoutMs ?? timeoutMs);
    const trace = calls.trace(key);
    if (trace) return this.#getTraced(trace, key, prefixLength, options, deadline);
    return this.#enqueue(new SingleRead(key, prefixLength, options, deadline, calls.store.epoch));
  }

  #getTraced(
    trace: ReadTrace,
    key: Buffer,
    prefixLength: number,
    options: GetOptions & CallOptions,
    deadline: number,
  ): Promise<GetResult> {
    const { epoch } = this.#ports.calls.store;
    return trace.start(() =>
      this.#enqueue(new TracedRead(trace, key, prefixLength, options, deadline, epoch)),
    );
  }

  #enqueue(read: SingleRead): Promise<GetResult> {
    if (read.signal) this.#listen(read, read.signal);
    if (!read.isSettled && this.#queue.push(read) === 1) this.#schedule();
    return read.result;
  }

  #schedule(): void {
    if (this.#separate >= busyReads) setImmediate(this.#flush);
    else queueMicrotask(this.#afterMicrotasks);
  }

  #listen(read: SingleRead, signal: AbortSignal): void {
    read.releaseSignal = onAbort(signal, (reason) => {
      this.#ports.calls.beforeAnswer();
      read.reject(reason);
    });
  }

  #send(): void {
    const reads = this.#queue;
    this.#queue = [];
    const [first] = reads;
    if (first && reads.length === 1 && !this.#metUnconnected) {
      if (!first.isSettled) this.#sendSeparately(first);
      return;
    }
    const { calls, clock } = this.#ports;
    const now = clock.now();
    const connection = calls.connectionAt(now);
    this.#metUnconnected = connection === undefined;
    if (connection && this.#core.startAsking(connection.id, now))
      void inRootContext(() => this.#ask(connection));
    const { batches, separate } = this.#core.plan(reads, connection?.id, now);
    for (const read of separate) this.#sendSeparately(read);
    if (connection) for (const batch of batches) this.#sendBatch(batch, connection);
  }

  async #ask(connection: ReadyConnection): Promise<void> {
    const { calls, clock } = this.#ports;
    const facts = await calls.factsOf(connection);
    this.#core.onFacts(connection.id, facts, clock.now());
  }

  #sendBatch(planned: PlannedBatch<SingleRead>, connection: ReadyConnection): void {
    const { operations, serializable, longestMs } = planned;
    const attempt = this.#ports.calls.send(connection, { reads: operations, serializable }, longestMs);
    if (!attempt) {
      for (const read of planned.reads) this.#sendSeparately(read);
      return;
    }
    this.#ports.calls.keepProcessAlive();
    const batch = new SentBatch(connection, planned, attempt, this.#sentPorts);
    attempt.answer
      .then((answer) => this.#onAnswer(batch, answer))
      .catch((error: unknown) => this.#onFailure(batch, toEtcdError(error)));
  }

  #onAnswer(batch: SentBatch, answer: ReadBatchResponse): void {
    const { planned, connection } = batch;
    const error = misfit(planned.operations, answer);
    const { header, kvs } = answer;
    if (error || !header) {
      this.#onFailure(batch, error ?? toEtcdError(undefined));
      return;
    }
    this.#ports.calls.beforeAnswer();
    this.#core.onAnswer(connection.id, planned, header.memberId);
    for (const read of planned.reads) {
      const kv = kvs[read.operation];
      const isFirst = planned.operations[read.operation] === read;
      if (isFirst && !read.keysOnly) this.#core.onValue(read.name, kv?.value.length ?? 0);
      if (read.isSettled || read.batch !== batch) continue;
      this.#resolve(read, isFirst || !kv ? kv : copyKeyValue(kv, read.key), header.revision);
    }
  }

  #resolve(read: SingleRead, kv: RangeResponse['kvs'][number] | undefined, revision: bigint): void {
    const { store } = this.#ports.calls;
    const replaced = read.epoch === store.epoch ? undefined : store.replacedSince(read.epoch);
    if (replaced) read.reject(replaced);
    else read.resolve(readResult(read, kv, revision));
  }

  #onFailure(batch: SentBatch, error: EtcdError): void {
    const { planned, connection, attempt } = batch;
    const failure = this.#core.onFailure(connection.id, planned, error, this.#ports.clock.now());
    const reads = batch.waiting;
    const refused =
      failure === 'key'
        ? { connection: connection.id, pending: reads.length, hasRefusedKey: false }
        : undefined;
    for (const read of reads) {
      read.trace?.attemptEnded(error);
      read.refused = refused;
      this.#sendSeparately(read, failure === 'attempt' ? attempt.failedWith(error) : undefined);
    }
  }

  /** Sends a read as a request of its own. @param failed The batch that it was in, if that counts as its first attempt. */
  #sendSeparately(read: SingleRead, failed?: FailedAttempt): void {
    read.detach();
    if (failed) read.trace?.attemptEnded(failed.error);
    this.#separate++;
    const { calls, clock } = this.#ports;
    const { signal, epoch, deadline, keysOnly, serializable, trace } = read;
    const caller = {
      request: rangeRequest(read.key, { keysOnly, serializable }),
      convert: (response: RangeResponse, request: RangeRequest) => this.#convert(read, response, request),
      resolve: (result: GetResult) => {
        this.#separate--;
        read.resolve(result);
      },
      reject: (error: unknown) => {
        this.#separate--;
        this.#core.onSeparate(read.name, toEtcdError(error), read.refused, clock.now());
        read.reject(error);
      },
    };
    const timeoutMs = deadline - clock.now();
    const options = trace ? { signal, timeoutMs, trace } : { signal, timeoutMs };
    read.runInAsyncScope(() => calls.range(caller, options, { epoch, failed }));
  }

  #convert(read: SingleRead, response: RangeResponse, request: RangeRequest): GetResult {
    checkRangeResponse(request, response);
    const [kv] = response.kvs;
    const result = readResult(read, kv, revisionOf(response));
    this.#core.onSeparate(read.name, undefined, read.refused, this.#ports.clock.now());
    if (!read.keysOnly) this.#core.onValue(read.name, kv?.value.length ?? 0);
    return result;
  }
}
