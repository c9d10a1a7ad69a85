import { AsyncResource } from 'node:async_hooks';
import type { Channel } from '@grpc/grpc-js';
import type { ProcessRef } from '../../async/index.js';
import { ClosedError } from '../../errors/index.js';
import { type Convert, converted } from '../../model/index.js';
import type { MemberHealth } from '../member/health.js';
import type { TracedCallOptions } from '../method.js';
import { type AttemptOwner, UnaryAttempt } from './attempt.js';
import { encodeRequest } from './encode-request.js';
import { attemptTimeoutMs } from './retry-rule.js';
import { type FailedAttempt, UnaryCall, type UnaryPorts, type UnaryRequest } from './unary.js';

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
  #health: MemberHealth | undefined;
  #connectionId = 0;
  #sentAt = 0;
  #generation = 0;

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

  /** @param failed The first attempt, if it was made already. */
  start(failed?: FailedAttempt): void {
    const { closing, clock, maxRequestBytes, timeoutMs } = this.#ports;
    const { method, request } = this.#caller;
    try {
      this.#options.signal?.throwIfAborted();
      if (closing.aborted && !failed) throw new ClosedError('the client');
      this.#bytes = encodeRequest(method, request, maxRequestBytes);
      const now = clock.now();
      this.#deadline = now + (this.#options.timeoutMs ?? timeoutMs);
      if (failed || !this.#sendAt(now)) this.#continue(failed);
    } catch (error) {
      this.#fail(error);
    }
  }

  onAnswer(answer: Res): void {
    try {
      this.#recordAnswer(answer);
    } catch (error) {
      this.onFailure(error);
      return;
    }
    this.#succeed(answer);
  }

  onFailure(error: unknown): void {
    const health = this.#health;
    if (!health) return;
    const failed = { error, health, sentAt: this.#sentAt, generation: this.#generation };
    this.runInAsyncScope(() => this.#continue(failed));
  }

  /** Sends the first attempt. Returns false if a member must be connected or a token fetched before. */
  #sendAt(now: number): boolean {
    const { pool, token, onSend } = this.#ports;
    if (token?.generation === 0) return false;
    token?.renewIfDue();
    const health = pool.readyAt(now);
    const channel = health?.member.readyChannel;
    if (!health || !channel) return false;
    this.#options.onSend?.();
    health.callSent(now);
    onSend();
    this.#health = health;
    this.#sentAt = now;
    this.#generation = token?.generation ?? 0;
    this.#connectionId = health.member.connectionId;
    this.#attempt(channel, health);
    return true;
  }

  #attempt(channel: Channel, { member }: MemberHealth): void {
    const { metadata, maxReceiveBytes, pool, running, token } = this.#ports;
    const { method, idempotency } = this.#caller;
    const generation = this.#generation;
    try {
      const options = {
        metadata: metadata().for(idempotency),
        timeoutMs: attemptTimeoutMs(this.#deadline - this.#sentAt, idempotency, pool.hasOthers()),
        maxReceiveBytes,
        signal: this.#options.signal,
        running,
        tokenUse: token && { member, generation, idempotency },
      };
      new UnaryAttempt(channel, method, options, this).start(this.#bytes);
    } catch (error) {
      this.onFailure(error);
    }
  }

  #recordAnswer(answer: Res): void {
    const health = this.#health;
    if (!health) return;
    const { clock, retries, store } = this.#ports;
    health.callSettled(clock.now(), true);
    retries.for(this.#caller.idempotency).recordAnswer();
    store.observe(answer, health.member.endpoint);
    const { connectionId } = health.member;
    this.#options.onAnswer?.(connectionId === this.#connectionId ? connectionId : undefined);
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
