/** An RPC as ts-proto describes it, reduced to what a call needs. */
export interface Method<Req, Res> {
  readonly path: string;
  requestSerialize(request: Req): Buffer;
  responseDeserialize(bytes: Buffer): Res;
}

/** What every call takes. */
export interface CallOptions {
  /** Cancels the call, also on the server; the call rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the call may take in milliseconds, tries included. Default: the client's `timeoutMs`. `Infinity` waits
   * without end.
   */
  readonly timeoutMs?: number;
}

/** For modules that must know when a request left. */
export interface TracedCallOptions extends CallOptions {
  /** Called right before each try is sent. */
  readonly onSend?: () => void;
  /**
   * Called right before the call resolves, with the connection that brought the answer: a number that no other
   * connection of this process has; undefined when connections came or went meanwhile, so that it is not known.
   */
  readonly onAnswer?: (connection: number | undefined) => void;
  /** Let the process end although the call is not answered. */
  readonly unref?: boolean;
}

/**
 * What a second application of a request would do: reads and `idempotent` requests are sent again whenever an answer is
 * lost, a `write` only when etcd surely did not carry it out. A `local-read` is one that the member answers by itself,
 * so that it need not see a leader.
 */
export type IdempotencyLevel = 'read' | 'local-read' | 'idempotent' | 'write';

/** The name a person knows an RPC by: `Put` of `/etcdserverpb.KV/Put`. */
export function methodName(method: { readonly path: string }): string {
  return method.path.slice(method.path.lastIndexOf('/') + 1);
}
