import { BatchAttempt } from './batch-attempt.js';
import type { PendingCallPorts } from './call/pending-call.js';
import { attemptTimeoutMs } from './call/retry-rule.js';
import type { ReadBatchRequest } from './codec/read-batch.js';
import type { MemberChecks, MemberFacts } from './member/checks.js';
import type { Member } from './member/member.js';

/** A connection that can take a call. */
export interface ReadyConnection {
  /** See Member.connectionId. */
  readonly id: number;
  readonly member: Member;
}

/**
 * Sends batches of reads: one attempt each, on the connection that a call would use. A batch that fails is not repeated:
 * its reads become calls of their own, with the batch as their first attempt.
 */
export class BatchAttempts {
  readonly #ports: PendingCallPorts;
  readonly #checks: MemberChecks;

  constructor(ports: PendingCallPorts, checks: MemberChecks) {
    this.#ports = ports;
    this.#checks = checks;
  }

  get store(): PendingCallPorts['store'] {
    return this.#ports.store;
  }

  /** The connection on which a call would be sent now; undefined if it would wait for a connection or a token. */
  connectionAt(now: number): ReadyConnection | undefined {
    const { pool, token } = this.#ports;
    if (token?.generation === 0) return undefined;
    const member = pool.readyAt(now)?.member;
    return member && { id: member.connectionId, member };
  }

  /** Asks the server behind the connection about itself; undefined without an answer. */
  async factsOf({ id, member }: ReadyConnection): Promise<MemberFacts | undefined> {
    const facts = await this.#checks.factsOf(member);
    return member.connectionId === id ? facts : undefined;
  }

  /** Sends the batch; undefined if the connection cannot take a call any more. */
  send(
    connection: ReadyConnection,
    request: ReadBatchRequest,
    remainingMs: number,
  ): BatchAttempt | undefined {
    const { pool, clock } = this.#ports;
    const now = clock.now();
    const health = pool.readyAt(now);
    const { member, id } = connection;
    const channel = member.readyChannel;
    if (health?.member !== member || !channel || member.connectionId !== id) return undefined;
    const timeoutMs = attemptTimeoutMs(remainingMs, 'read', pool.hasOthers());
    const idempotency = request.serializable ? 'local-read' : 'read';
    const attempt = new BatchAttempt(this.#ports, health, idempotency, now, timeoutMs);
    attempt.start(channel, request);
    return attempt;
  }

  /** See TransportHooks. */
  beforeAnswer(): void {
    this.#ports.beforeAnswer();
  }

  /** Keeps the process alive until `allowExit` is called. */
  keepProcessAlive(): void {
    this.#ports.processRef.add();
  }

  allowExit(): void {
    this.#ports.processRef.remove();
  }
}
