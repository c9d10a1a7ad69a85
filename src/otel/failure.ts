import type { Attributes } from '@opentelemetry/api';
import { Code, codeName, EtcdError } from '../errors/index.js';
import type { CallTrace } from '../index.js';

/**
 * The attributes `rpc.response.status_code` and `error.type` of the end of a call or of an attempt. The type is the name
 * of the status, or `TimeoutError` for the reason of an `AbortSignal.timeout()`; those of other signals have no bound.
 *
 * Specification: https://github.com/open-telemetry/semantic-conventions/blob/v1.40.0/docs/rpc/grpc.md
 */
export function outcomeAttributes(error: unknown): Attributes {
  if (error === undefined) return { 'rpc.response.status_code': 'OK' };
  const status = statusOf(error);
  return { 'rpc.response.status_code': status, 'error.type': typeOf(error, status) };
}

/** The same attributes, of the end of a call. */
export function callOutcomeAttributes(call: CallTrace): Attributes {
  const { outcome, error } = call;
  if (isFailure(call)) return outcomeAttributes(error);
  return { 'rpc.response.status_code': outcome === 'cancelled' ? codeName(Code.CANCELLED) : statusOf(error) };
}

/** Whether a call that has ended is an error: also one that a time limit cancelled, but no other cancelled one. */
export function isFailure({ outcome, error }: CallTrace): boolean {
  return outcome === 'failed' || (outcome === 'cancelled' && nameOf(error) === 'TimeoutError');
}

/** The status with which a traced call counts: an abort is CANCELLED. */
function statusOf(error: unknown): string {
  if (error === undefined) return codeName(Code.OK);
  return codeName(error instanceof EtcdError ? error.code : Code.CANCELLED);
}

function typeOf(error: unknown, status: string): string {
  if (error instanceof EtcdError) return status;
  return nameOf(error) === 'TimeoutError' ? 'TimeoutError' : status;
}

function nameOf(error: unknown): unknown {
  return ((error ?? {}) as { readonly name?: unknown }).name;
}
