import { AsyncResource } from 'node:async_hooks';
import type { ProcessRef } from '../../async/index.js';
import { ClosedError } from '../../errors/index.js';
import { type Convert, converted } from '../../model/index.js';
import type { TracedCallOptions } from '../method.js';
import { type AttemptOwner, UnaryAttempt } from './attempt.js';
import { encodeRequest } from './encode-request.js';
import { type FailedAttempt, SentAttempt } from './sent-attempt.js';
import { UnaryCall } from './unary.js';
import type { UnaryPorts, UnaryRequest } from './unary-ports.js';

/** What a pending call needs from its client. */
export interface PendingCallPorts extends UnaryPorts {
  readonly maxRequestBytes: number;
  /** The default time limit in milliseconds. */
  readonly timeoutMs: number;
  readonly processRef: Pick<ProcessRef, 'add' | 'remove'>;
  /** Called immediately before a call settles. */
  readonly beforeAnswer: () => void;
}

/** A request and how its answer reaches the caller's promise. */
export interface Caller<Req, Res, T> extends UnaryRequest<Req, Res> {
  readonly convert: Convert<Req, Res, T> | undefined;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/** What happened to a read before it became a call of its own. */
export interface EarlierAttempt {
  /** The store's epoch when the caller made the request. */
  readonly epoch: number;
  /** The batch that it was in, if that counts as its first attempt. */
  readonly failed?: FailedAttempt | undefined;
}

/**
 * A unary call from its request until its caller's promise is settled. Nearly every call is answered at its first attempt,
 * by a member that is connected, and costs no other promise. Every other call continues as a {@link UnaryCall}, in the
 * asynchronous context of its caller: a status arrives in that of the connection.
 */
export class PendingCall<Req, Res, T> extends AsyncResource implements AttemptOwner<Res> {
  readonly #ports: PendingCallPorts;
  readonly #caller: Caller<Req, Res, T>;
  readonly #options: TracedCallOptions;
  readonly #epoch: number;
  #bytes: Buffer = noBytes;
  #deadline = 0;
  #sent: SentAttempt | undefined;

  constructor(
    ports: PendingCallPorts,
    caller: Caller<Req, Res, T>,
    options: TracedCallOptions,
    epoch = ports.store.epoch,
  ) {
    super('ETCD_CALL');
    this.#ports = ports;
    this.#caller = caller;
    this.#options = options;
    this.#epoch = epoch;
    if (!options.unref) ports.processRef.add();
  }

  /** @param earlier For a read that was requested before, when the client was not closed. */
  start(earlier?: EarlierAttempt): void {
    const failed = earlier?.failed;
    const { closing, clock, maxRequestBytes, timeoutMs } = this.#ports;
    const { method, request } = this.#caller;
    try {
      this.#options.signal?.throwIfAborted();
      if (closing.aborted && !failed) throw new ClosedError('the client', earlier ? 'not-applied' : 'final');
      this.#bytes = encodeRequest(method, request, maxRequestBytes);
      const { trace } = this.#options;
      if (trace) trace.requestBytes = this.#bytes.length;
      const now = clock.now();
      this.#deadline = now + (this.#options.timeoutMs ?? timeoutMs);
      if (failed || !this.#sendAt(now)) this.#continue(failed);
    } catch (error) {
      this.#fail(error);
    }
  }

  onAnswer(answer: Res, bytes: number): void {
    try {
      this.#sent?.recordAnswer(answer, bytes);
    } catch (error) {
      this.onFailure(error);
      return;
    }
    this.#succeed(answer);
  }

  onFailure(error: unknown): void {
    const failed = this.#sent?.failedWith(error);
    this.runInAsyncScope(() => this.#continue(failed));
  }

  /** Sends the first attempt. Returns false if a member must be connected or a token fetched before. */
  #sendAt(now: number): boolean {
    const { pool, token } = this.#ports;
    if (token?.generation === 0) return false;
    token?.renewIfDue();
    const health = pool.readyAt(now);
    const channel = health?.member.readyChannel;
    if (!health || !channel) return false;
    const { method, idempotency } = this.#caller;
    const sent = new SentAttempt(this.#ports, idempotency, this.#options, health, now);
    sent.begin();
    this.#sent = sent;
    try {
      new UnaryAttempt(channel, method, sent.optionsUntil(this.#deadline), this).start(this.#bytes);
    } catch (error) {
      this.onFailure(error);
    }
    return true;
  }

  /** Makes the other attempts. */
  #continue(failed?: FailedAttempt): void {
    const call = new UnaryCall(this.#ports, this.#caller, this.#deadline, this.#options);
    call.run(this.#bytes, failed).then(
      (answer) => this.#succeed(answer),
      (error: unknown) => this.#fail(error),
    );
  }

  #succeed(answer: Res): void {
    const { convert, request, resolve } = this.#caller;
    let result: T;
    try {
      this.#checkStore();
      result = converted(answer, request, convert);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#end();
    resolve(result);
  }

  #fail(error: unknown): void {
    this.#end();
    this.#caller.reject(error);
  }

  #end(): void {
    if (!this.#options.unref) this.#ports.processRef.remove();
    this.#ports.beforeAnswer();
  }

  /** Throws if the store was replaced during a read. The answer of a write is returned: the answering store applied it. */
  #checkStore(): void {
    const { store } = this.#ports;
    if (this.#epoch === store.epoch) return;
    const { idempotency } = this.#caller;
    const isRead = idempotency === 'read' || idempotency === 'local-read';
    const replaced = store.replacedSince(this.#epoch);
    if (replaced && isRead) throw replaced;
  }
}

const noBytes = Buffer.alloc(0);
