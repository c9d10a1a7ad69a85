import type { Channel, InterceptingListener } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { ClientDiagnostics } from '#src/diagnostics/index.js';
import { KVService, RangeRequest, type RangeResponse } from '#src/gen/etcd/rpc.js';
import { CallMetadata } from '#src/wire/call/metadata.js';
import type { Caller, PendingCallPorts } from '#src/wire/call/pending-call.js';
import { PendingCall } from '#src/wire/call/pending-call.js';
import { RetryQueues } from '#src/wire/call/retry-queues.js';
import type { MemberHealth } from '#src/wire/member/health.js';
import type { MemberPool } from '#src/wire/member/pool.js';
import { StoreIdentity } from '#src/wire/member/store-identity.js';
import type { TracedCallOptions } from '#src/wire/method.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../lease/fakes.js';

/** A call of grpc-js that the test answers. */
export class ScriptedCall {
  listener: InterceptingListener | undefined;
  metadata: Metadata | undefined;
  readonly sent: Buffer[] = [];
  readonly cancelled: string[] = [];
  reads = 0;

  start(metadata: Metadata, listener: InterceptingListener): void {
    this.metadata = metadata;
    this.listener = listener;
  }

  sendMessageWithContext(_: object, message: Buffer): void {
    this.sent.push(message);
  }

  halfClose(): void {}

  startRead(): void {
    this.reads++;
  }

  cancelWithStatus(code: status, details: string): void {
    this.cancelled.push(details);
    this.end(code, details);
  }

  message(bytes: Buffer): void {
    this.listener?.onReceiveMessage(bytes);
  }

  end(code: status = status.OK, details = ''): void {
    this.listener?.onReceiveStatus({ code, details, metadata: new Metadata() });
  }

  answer(revision: bigint, clusterId = 1n): void {
    this.message(answerBytes(revision, clusterId));
    this.end();
  }
}

export function answerBytes(revision: bigint, clusterId = 1n): Buffer {
  const header = { clusterId, memberId: 1n, revision, raftTerm: 1n };
  return KVService.range.responseSerialize({ header, kvs: [], more: false, count: 0n });
}

/** A client with one member, whose calls the test answers. */
export class CallFixture {
  readonly clock = new FakeClock();
  readonly calls: ScriptedCall[] = [];
  readonly closing = new AbortController();
  /** What happened, in order. */
  readonly log: string[] = [];
  isReady = true;
  references = 0;
  ports: PendingCallPorts;

  constructor() {
    const channel = { createCall: () => this.#newCall() } as unknown as Channel;
    const health = {
      member: { endpoint: 'm', connectionId: 7, readyChannel: channel },
      callSent: () => this.log.push('sent'),
      callSettled: (_: number, answered: boolean) => this.log.push(answered ? 'answered' : 'silent'),
      silentMs: () => 0,
    } as unknown as MemberHealth;
    const pool = {
      readyAt: () => (this.isReady ? health : undefined),
      connectOnce: async () => health,
      hasOthers: () => false,
      markHealthy: () => {},
      markUnhealthy: (_: unknown, failure: string) => this.log.push(`unhealthy: ${failure}`),
      failures: () => [],
    } as unknown as MemberPool;
    const metadata = new CallMetadata(undefined);
    this.ports = {
      diagnostics: new ClientDiagnostics({ name: 'test' }),
      pool,
      clock: this.clock,
      random: () => 0,
      retries: new RetryQueues(this.clock, () => 0),
      store: new StoreIdentity(),
      token: undefined,
      metadata: () => metadata,
      maxReceiveBytes: 1_000,
      maxRequestBytes: 1_000,
      timeoutMs: 10_000,
      running: new Set(),
      onSend: () => {},
      isForeign: async () => false,
      closing: this.closing.signal,
      processRef: { add: () => this.references++, remove: () => this.references-- },
      beforeAnswer: () => this.log.push('before answer'),
    };
  }

  /** Starts a Range of the key `k`, whose result is the revision. */
  range(options: TracedCallOptions = {}, kind: Partial<Caller<RangeRequest, RangeResponse, bigint>> = {}) {
    const request = RangeRequest.create({ key: Buffer.from('k') });
    const convert = ({ header }: RangeResponse) => header?.revision ?? -1n;
    return new Promise<bigint>((resolve, reject) => {
      const caller = {
        method: KVService.range,
        idempotency: 'read',
        request,
        convert,
        resolve,
        reject,
      } as const;
      new PendingCall(this.ports, { ...caller, ...kind }, options).start();
    });
  }

  /** Waits until that many attempts were sent; pauses between them take no time. */
  async sent(count: number): Promise<void> {
    await eventually(`attempt ${count}`, () => {
      if (this.calls.length < count) this.clock.advance(10);
      return this.calls.length === count;
    });
  }

  /** The call of the last attempt. */
  get call(): ScriptedCall {
    const last = this.calls.at(-1);
    if (!last) throw new Error('nothing was sent');
    return last;
  }

  #newCall(): ScriptedCall {
    const call = new ScriptedCall();
    this.calls.push(call);
    return call;
  }
}
