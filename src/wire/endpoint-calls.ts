import type { Channel } from '@grpc/grpc-js';
import { onAbort, raceAbort, withAnySignal } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import { type Convert, noOptions } from '../model/index.js';
import type { PendingCallPorts } from './call/pending-call.js';
import { startCall } from './call/start-call.js';
import type { MemberChecks } from './member/checks.js';
import type { MemberAddress } from './member/endpoints.js';
import type { Member } from './member/member.js';
import { MemberPool } from './member/pool.js';
import { StoreIdentity } from './member/store-identity.js';
import type { CallOptions, IdempotencyLevel, Method, StreamMethod } from './method.js';
import type { DuplexHandlers } from './stream/duplex.js';
import { MemberStream, type MemberStreamPorts } from './stream/member-stream.js';

/** What calls to one endpoint need from their client. */
export interface EndpointCallPorts {
  readonly calls: PendingCallPorts;
  readonly streams: Omit<MemberStreamPorts, 'pool' | 'store' | 'connect'>;
  readonly checks: Pick<MemberChecks, 'probe'>;
  /** See Members, also for the errors. */
  readonly addressOf: (endpoint: string) => MemberAddress;
  readonly locate: (endpoint: string) => Promise<MemberAddress>;
  readonly newMember: (address: MemberAddress) => Member;
  /** Fetches the first token, for a client with credentials. */
  readonly prepareToken: (signal: AbortSignal) => Promise<void>;
}

/** A stream on one endpoint. */
export interface EndpointStream {
  /** The generation of the token with which it was opened; undefined before. */
  readonly generation: number | undefined;
  /** Ends the stream on both sides immediately. No handler is called afterwards. */
  cancel(): void;
}

/**
 * Calls to a member that the caller names. Each has a connection of its own, as in etcd's client for Go: a snapshot that
 * is read slowly does not stop the client's other streams, and the member may be one of another cluster, whose answers
 * say nothing about the client's store.
 */
export class EndpointCalls {
  readonly #ports: EndpointCallPorts;

  constructor(ports: EndpointCallPorts) {
    this.#ports = ports;
  }

  /** @throws {InvalidInputError} for an endpoint that the client must not connect to. */
  checkEndpoint(endpoint: string): void {
    this.#ports.addressOf(endpoint);
  }

  /** As {@link Transport.unary}, on one endpoint. */
  async unary<Req, Res, T = Res>(
    endpoint: string,
    method: Method<Req, Res>,
    request: Req,
    idempotency: IdempotencyLevel,
    options: CallOptions = noOptions,
    convert?: Convert<Req, Res, T>,
  ): Promise<T> {
    const { pool } = this.#targetOf(endpoint);
    const ports = { ...this.#ports.calls, pool, store: new StoreIdentity(), fixedMember: endpoint };
    try {
      return await new Promise<T>((resolve, reject) => {
        const caller = { method, request, idempotency, convert, resolve, reject };
        startCall(ports, caller, options);
      });
    } finally {
      pool.close();
    }
  }

  /** Opens a stream with one request. It ends if no connection can be made at once. */
  stream<Req, Res>(
    endpoint: string,
    method: StreamMethod<Req, Res>,
    request: Req,
    handlers: DuplexHandlers<Res>,
  ): EndpointStream {
    const { closing } = this.#ports.calls;
    closing.throwIfAborted();
    const target = this.#targetOf(endpoint);
    const { pool } = target;
    const ports: MemberStreamPorts = {
      ...this.#ports.streams,
      pool,
      store: new StoreIdentity(),
      connect: (signal) => withAnySignal(signal, closing, (either) => this.#connect(target, either)),
    };
    const release = () => {
      stopListening();
      pool.close();
    };
    const stream = new MemberStream(ports, new Set(), method, {
      ...handlers,
      end: (error) => {
        release();
        handlers.end(error);
      },
    });
    const stopListening = onAbort(closing, (reason) => stream.move(reason as EtcdError));
    stream.start(false);
    stream.send(request);
    return {
      get generation() {
        return stream.generation;
      },
      cancel: () => {
        release();
        stream.cancel();
      },
    };
  }

  async #connect(
    { pool, prepare }: Target,
    signal: AbortSignal,
  ): Promise<{ member: Member; channel: Channel }> {
    await this.#ports.prepareToken(signal);
    await raceAbort(Promise.resolve(prepare()), signal);
    let failure: EtcdError | undefined;
    const health = await pool.connectOnce(Number.POSITIVE_INFINITY, signal, (_, error) => {
      failure = error;
    });
    const channel = health?.member.readyChannel;
    if (health && channel) return { member: health.member, channel };
    throw failure ?? connectionLost();
  }

  #targetOf(endpoint: string): Target {
    const { calls, checks, addressOf, newMember } = this.#ports;
    const address = addressOf(endpoint);
    let failure: string | undefined;
    const unresolved = address.unresolved && (() => failure ?? 'DNS did not answer yet');
    const first = newMember({ ...address, ...(unresolved && { unresolved }) });
    const prepare = () => (pool.members[0]?.member.isUnresolved ? located() : undefined);
    const pool = new MemberPool([first], {
      clock: calls.clock,
      random: calls.random,
      prepare,
      probe: (member) => checks.probe(member),
      onEvent: () => {},
    });
    let locating: Promise<void> | undefined;
    const located = () => {
      locating ??= this.#locate(endpoint, pool).then(
        () => {},
        (error: unknown) => {
          locating = undefined;
          if (!(error instanceof EtcdError) || error.code !== Code.UNAVAILABLE) throw error;
          failure = error.message;
        },
      );
      return locating;
    };
    return { pool, prepare };
  }

  async #locate(endpoint: string, pool: MemberPool): Promise<void> {
    const { locate, newMember } = this.#ports;
    const address = await locate(endpoint);
    if (!pool.closed) pool.replace([newMember(address)]);
  }
}

/** The one member of a call or stream. */
interface Target {
  readonly pool: MemberPool;
  /** Starts or continues the wait for the member's address; undefined when it is known. */
  readonly prepare: () => Promise<void> | undefined;
}

function connectionLost(): EtcdError {
  return new EtcdError('the member closed the connection immediately after it was made', {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
  });
}
