import { Code, DeadlineError, EtcdError, UnauthenticatedError } from '../../errors/index.js';
import { RangeRequest } from '../../gen/etcd/rpc.js';
import { attemptUnary } from '../call/attempt.js';
import type { RunningCall } from '../call/call.js';
import { CallMetadata, type SharedMetadata } from '../call/metadata.js';
import { type MemberFailure, memberFailureOf } from '../call/retry-rule.js';
import { status } from '../codec/admin-methods.js';
import { range } from '../codec/kv-answers.js';
import type { Method } from '../method.js';
import type { Member } from './member.js';

/** The time limit for a probe, and for a request of the member's version. */
const probeTimeoutMs = 3_000;
const versionTimeoutMs = 5_000;
/** Reads the key `\0`, which usually does not exist. */
const probeRequest = RangeRequest.create({ key: Buffer.of(0), limit: 1n, keysOnly: true });
const withoutToken = new CallMetadata(undefined);

/** gRPC's health service, asked about the whole server. */
const healthCheck: Method<object, true> = {
  path: '/grpc.health.v1.Health/Check',
  requestSerialize: () => Buffer.alloc(0),
  responseDeserialize: () => true,
};

/** What a server says about itself. */
export interface MemberFacts {
  /** The version of etcd, such as `3.5.25`. */
  readonly version: string;
  readonly memberId: bigint;
  readonly isLearner: boolean;
  /** Whether it is a member itself, and not a proxy that may forward each request to another one. */
  readonly isMember: boolean;
}

export interface MemberCheckPorts {
  readonly maxReceiveBytes: number;
  readonly running: Set<RunningCall>;
  /** The metadata with the present token. */
  readonly metadata: () => CallMetadata;
}

/** Small requests to a single member, sent once, that show the member's present state. */
export class MemberChecks {
  readonly #ports: MemberCheckPorts;

  constructor(ports: MemberCheckPorts) {
    this.#ports = ports;
  }

  /**
   * Sends a linearizable read, which needs a leader and a quorum, as a call does. A member that is partitioned or behind
   * does not answer. Returns the member's failure; undefined after an answer, for which a refusal counts.
   */
  async probe(member: Member): Promise<MemberFailure | undefined> {
    try {
      await member.connect();
      await this.#send(member, range, probeRequest, probeTimeoutMs, this.#ports.metadata().plain);
      member.recordProbe(true);
      return undefined;
    } catch (error) {
      member.recordProbe(!(error instanceof DeadlineError));
      if (error instanceof EtcdError) return memberFailureOf(error, Number.POSITIVE_INFINITY);
      throw error; // the pool then records the member as unreachable
    }
  }

  /**
   * Whether a server other than etcd answers a read at the member's address; undefined without an answer in time. An
   * answer of etcd is a result, or an error with a known reason.
   */
  async isForeign(member: Member, withinMs: number): Promise<boolean | undefined> {
    try {
      const ms = Math.min(withinMs, probeTimeoutMs);
      const answer = await this.#send(member, range, probeRequest, ms, this.#ports.metadata().plain);
      return answer === undefined ? undefined : false;
    } catch (error) {
      const reason = error instanceof EtcdError ? error.reason : undefined;
      return reason === undefined ? undefined : reason === 'NotEtcd';
    }
  }

  /** The member's version of etcd, such as `3.5.25`; undefined without an answer within 5 s. */
  async versionOf(member: Member): Promise<string | undefined> {
    try {
      const { plain } = this.#ports.metadata();
      return (await this.#send(member, status, {}, versionTimeoutMs, plain))?.version;
    } catch {
      return undefined; // unknown, whatever the reason
    }
  }

  /**
   * Asks the server at the member's address about itself; undefined if it is not connected or does not answer. A member
   * answers health checks, and all answers on its connection have its id. A learner refuses health checks.
   *
   * Workaround (grpc-proxy of etcd 3.4 to 3.7; no public issue found, `newGRPCProxyServer` of grpc_proxy.go): the proxy
   * does not say that it is one, but it has no health service. Remove when it identifies itself.
   */
  async factsOf(member: Member): Promise<MemberFacts | undefined> {
    const { plain } = this.#ports.metadata();
    const send = <Res>(method: Method<object, Res>) =>
      this.#send(member, method, {}, versionTimeoutMs, plain);
    try {
      const health = send(healthCheck).then(
        () => true,
        (error: unknown) => !(error instanceof EtcdError && error.code === Code.UNIMPLEMENTED),
      );
      const statuses = await Promise.all([send(status), send(status)]);
      const [one, other] = statuses;
      if (!one?.header || !other?.header) return undefined;
      const { memberId } = one.header;
      const isMember = (await health) && memberId === other.header.memberId;
      return { version: one.version, isLearner: one.isLearner, memberId, isMember };
    } catch {
      return undefined; // unknown, whatever the reason
    }
  }

  /** Whether the member answers a serializable read with the present token. A refusal counts as an answer. */
  answersWithToken(member: Member, ms: number): Promise<boolean> {
    return this.#answers(member, true, ms, this.#ports.metadata().plain);
  }

  /** Whether the member answers a serializable read without a token. */
  answersWithoutToken(member: Member): Promise<boolean> {
    return this.#answers(member, true, probeTimeoutMs, withoutToken.plain);
  }

  /** Whether the member answers a linearizable read without a token. It refuses such a read only after a quorum's answer. */
  hasQuorum(member: Member, ms: number): Promise<boolean> {
    return this.#answers(member, false, ms, withoutToken.requireLeader);
  }

  async #answers(
    member: Member,
    serializable: boolean,
    ms: number,
    metadata: SharedMetadata,
  ): Promise<boolean> {
    try {
      const request = serializable ? { ...probeRequest, serializable } : probeRequest;
      return (await this.#send(member, range, request, ms, metadata)) !== undefined;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      return error.verdict === 'final' || error instanceof UnauthenticatedError;
    }
  }

  /** Returns undefined if the member is not connected. */
  async #send<Req, Res>(
    member: Member,
    method: Method<Req, Res>,
    request: Req,
    ms: number,
    metadata: SharedMetadata,
  ): Promise<Res | undefined> {
    const channel = member.readyChannel;
    if (!channel) return undefined;
    return attemptUnary(channel, method, method.requestSerialize(request), {
      metadata,
      timeoutMs: ms,
      maxReceiveBytes: this.#ports.maxReceiveBytes,
      signal: undefined,
      running: this.#ports.running,
    });
  }
}
