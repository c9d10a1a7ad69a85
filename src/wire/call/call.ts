import type { Channel, StatusObject } from '@grpc/grpc-js';
import { Code, EtcdError, errorFromServer, wasNeverSent } from '../../errors/index.js';
import type { Member } from '../member/member.js';
import { type IdempotencyLevel, methodName } from '../method.js';

/** grpc-js's call object, below its client layer: no stream, no emitter and no interceptor per call. */
export type RawCall = ReturnType<Channel['createCall']>;

/**
 * Converts a grpc-js status to an error.
 * @param notSent The request was certainly not sent, whatever the status says.
 */
export function errorFromStatus(
  { code, details }: Pick<StatusObject, 'code' | 'details'>,
  notSent = wasNeverSent(code, details),
): EtcdError {
  return errorFromServer(code, details, { notSent });
}

/**
 * The error for a request that cannot be encoded, which is a defect of this library. It is reported through the call,
 * because nothing could catch a throw there.
 */
export function malformedRequest(method: { readonly path: string }, cause: unknown): EtcdError {
  return new EtcdError(`the request to ${methodName(method)} cannot be encoded`, {
    code: Code.INVALID_ARGUMENT,
    cause,
  });
}

/** The member and token of a running call, needed to end calls that a stale token keeps waiting. */
export interface TokenUse {
  readonly member: Member;
  readonly generation: number;
  readonly idempotency: IdempotencyLevel;
}

/** A call in flight, with the operations that end it from outside. */
export interface RunningCall {
  readonly tokenUse: TokenUse | undefined;
  /** See TracedCallOptions. */
  readonly outlivesClose: boolean;
  /** Whether certainly nothing of the call has been sent. */
  isUnsent(): boolean;
  cancel(why: string): void;
  /** Ends the call with etcd's error for an unknown token. */
  failWithInvalidToken(): void;
}
