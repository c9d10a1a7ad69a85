import type { Clock } from '../../async/index.js';
import type { ClientDiagnostics } from '../../diagnostics/index.js';
import type { AuthOptions } from '../auth/auth.js';
import type { TokenSource } from '../auth/token.js';
import type { Member } from '../member/member.js';
import type { MemberPool } from '../member/pool.js';
import type { StoreIdentity } from '../member/store-identity.js';
import type { IdempotencyLevel, Method } from '../method.js';
import type { RunningCall } from './call.js';
import type { CallMetadata } from './metadata.js';
import type { RetryQueues } from './retry-queues.js';

/** What a call needs from its client. */
export interface UnaryPorts {
  readonly pool: MemberPool;
  /** The endpoint that the caller named, so that no other member may answer. Default: undefined, any member. */
  readonly fixedMember?: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retries: RetryQueues;
  readonly store: StoreIdentity;
  readonly token: TokenSource | undefined;
  /** The metadata with the present token. */
  readonly metadata: () => CallMetadata;
  /** The client's credentials, for the user's name in errors. */
  readonly auth?: AuthOptions | undefined;
  readonly maxReceiveBytes: number;
  readonly running: Set<RunningCall>;
  readonly diagnostics: ClientDiagnostics;
  /** Called when a request is sent. */
  readonly onSend: () => void;
  /** See MemberChecks. */
  readonly isForeign: (member: Member, withinMs: number) => Promise<boolean | undefined>;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
}

/** One request and how it may be sent. */
export interface UnaryRequest<Req, Res> {
  readonly method: Method<Req, Res>;
  readonly idempotency: IdempotencyLevel;
  /** The request before encoding, for the keys in error messages. */
  readonly request: Req;
}
