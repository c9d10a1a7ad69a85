import type { EtcdError } from '../errors/index.js';

/** The parts of ts-proto's description of an RPC that a call needs. */
export interface Method<Req, Res> {
  readonly path: string;
  requestSerialize(request: Req): Buffer;
  responseDeserialize(bytes: Buffer): Res;
}

/** A method that is called as a stream. */
export interface StreamMethod<Req, Res> extends Method<Req, Res> {
  /** False if the client sends exactly one request: the stream is then half-closed after it. */
  readonly requestStream: boolean;
}

/** The options of every call. */
export interface CallOptions {
  /** Cancels the call, on the server too. The call rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** The time limit in milliseconds, including retries. Default: the client's `timeoutMs`. `Infinity` means no limit. */
  readonly timeoutMs?: number;
}

/** Records what happens to a call. */
export interface CallRecorder {
  /** The size of the encoded request. */
  requestBytes: number;
  /** @param reads How many reads are sent together. Default 1. */
  attemptSent(endpoint: string, reads?: number): void;
  /** The member could not be reached for the call, so nothing was sent. */
  attemptUnsent(endpoint: string, error: EtcdError): void;
  /** The last attempt was answered with a result, or failed. Called again for the same attempt, it does nothing. */
  attemptEnded(error?: unknown): void;
  /** @param bytes The size of the encoded answer. */
  answered(answer: unknown, bytes: number): void;
}

/** The options for modules that must know when a request was sent and answered. */
export interface TracedCallOptions extends CallOptions {
  /** Called immediately before each attempt is sent. */
  readonly onSend?: () => void;
  /**
   * Called immediately before the call resolves, with the id of the connection that received the answer, unique in this
   * process; undefined if the member's connection changed during the call, so that the id is unknown.
   */
  readonly onAnswer?: (connection: number | undefined) => void;
  /** Whether the process may exit before the call is answered. Default false. */
  readonly unref?: boolean;
  /** Whether the call continues after the client is closed, until its connections are. Default false. */
  readonly outlivesClose?: boolean;
  /** Records what happens to the call, while something receives that. */
  readonly trace?: CallRecorder | undefined;
}

/**
 * Whether a request may be applied twice. Reads and `idempotent` requests are sent again after a lost answer, a `write`
 * only if etcd certainly did not apply it. A `local-read` is serializable: the member answers it without a leader.
 */
export type IdempotencyLevel = 'read' | 'local-read' | 'idempotent' | 'write';

/** The short name of an RPC: `Put` for `/etcdserverpb.KV/Put`. */
export function methodName(method: { readonly path: string }): string {
  return method.path.slice(method.path.lastIndexOf('/') + 1);
}

/** The service of an RPC: `etcdserverpb.KV` for `/etcdserverpb.KV/Put`. */
export function serviceName(method: { readonly path: string }): string {
  return method.path.slice(1, method.path.lastIndexOf('/'));
}
