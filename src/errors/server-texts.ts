import { Code } from './code.js';
import type { ErrorReason } from './error-reason.js';
import type { Verdict } from './verdict.js';

/** The meaning of one of etcd's error texts. */
export interface ServerText {
  /** etcd's text, without the prefix that Go adds in a cancel reason. */
  readonly text: string;
  /** Other texts of the same error, which some releases send because they do not translate it. */
  readonly aliases?: readonly string[];
  /** The error's code in `rpctypes` since etcd 3.6, which may differ from the code that a server sends. */
  readonly code: Code;
  /** Default `final`. */
  readonly verdict?: Verdict;
  /** Selects an error class of its own, for errors after which the caller acts differently. */
  readonly kind?:
    | 'compacted'
    | 'lease-not-found'
    | 'permission-denied'
    | 'unauthenticated'
    /** As `unauthenticated`, but a new token does not help: etcd refused the user or the password. */
    | 'credentials-refused';
}

/** A row of the table with its name. */
export type NamedServerText = ServerText & { readonly reason: ErrorReason };

/** The names of the errors that are matched by their complete text. */
export type EtcdReason = Exclude<
  ErrorReason,
  'ResponseTooLarge' | 'RangeStreamUnsupported' | 'MethodUnsupported' | 'NotEtcd'
>;

/**
 * Every error text of etcd, by its name in the Go package `rpctypes` (without `ErrGRPC`):
 * https://github.com/etcd-io/etcd/blob/v3.7.1/api/v3rpc/rpctypes/error.go
 *
 * Workaround (etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/blob/v3.7.1/server/etcdserver/api/v3rpc/util.go): errors
 * are matched by text, because codes are not reliable: `not capable`, `rpc not supported for learner` and `cluster
 * version not found during downgrade` were UNAVAILABLE before 3.6; every release sends `too many requests`, `not enough
 * started members` and all errors without an entry in that file (those of auth, lease, raft and the lock service
 * without a name in `rpctypes`) as UNKNOWN; and a cancelled watch has only a text. Remove when every supported release
 * sends reliable codes.
 *
 * A row without a verdict is `final`: etcd refused the request before proposing it, or in the checks before its first
 * change.
 */
const texts = {
  // Refused because of the request itself.
  EmptyKey: { text: 'etcdserver: key is not provided', code: Code.INVALID_ARGUMENT },
  KeyNotFound: { text: 'etcdserver: key not found', code: Code.INVALID_ARGUMENT },
  ValueProvided: { text: 'etcdserver: value is provided', code: Code.INVALID_ARGUMENT },
  LeaseProvided: { text: 'etcdserver: lease is provided', code: Code.INVALID_ARGUMENT },
  TooManyOps: { text: 'etcdserver: too many operations in txn request', code: Code.INVALID_ARGUMENT },
  DuplicateKey: { text: 'etcdserver: duplicate key given in txn request', code: Code.INVALID_ARGUMENT },
  InvalidSortOption: { text: 'etcdserver: invalid sort option', code: Code.INVALID_ARGUMENT },
  InvalidClientAPIVersion: { text: 'etcdserver: invalid client api version', code: Code.INVALID_ARGUMENT },
  RequestTooLarge: { text: 'etcdserver: request is too large', code: Code.INVALID_ARGUMENT },
  Compacted: {
    text: 'etcdserver: mvcc: required revision has been compacted',
    code: Code.OUT_OF_RANGE,
    kind: 'compacted',
  },
  FutureRev: { text: 'etcdserver: mvcc: required revision is a future revision', code: Code.OUT_OF_RANGE },

  // Refused because of the state of the store or the member.
  /**
   * Usually refused before the proposal. The write that takes the store over its quota, however, is applied on every
   * member and then answered with this text.
   */
  NoSpace: {
    text: 'etcdserver: mvcc: database space exceeded',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'maybe-applied',
  },
  /** Sent before the proposal: the member's backlog is full. */
  RequestTooManyRequests: {
    text: 'etcdserver: too many requests',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'not-applied',
  },
  /** Sent by an interceptor before the handler: a member that has just started does not know the cluster version yet. */
  NotCapable: { text: 'etcdserver: not capable', code: Code.FAILED_PRECONDITION, verdict: 'not-applied' },
  /** Sent by an interceptor before the handler. A voting member will answer. */
  NotSupportedForLearner: {
    text: 'etcdserver: rpc not supported for learner',
    code: Code.FAILED_PRECONDITION,
    verdict: 'not-applied',
  },
  /** Sent to a call by an interceptor before the handler; to a stream at its end. */
  NoLeader: { text: 'etcdserver: no leader', code: Code.UNAVAILABLE, verdict: 'not-applied' },
  /** Does not say whether the pending proposal was applied. */
  LeaderChanged: { text: 'etcdserver: leader changed', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  Stopped: { text: 'etcdserver: server stopped', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** The proposal outlives the wait: it is applied once there is a quorum, after newer writes. */
  Timeout: { text: 'etcdserver: request timed out', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  TimeoutDueToConnectionLost: {
    text: 'etcdserver: request timed out, possibly due to connection lost',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  TimeoutDueToLeaderFail: {
    text: 'etcdserver: request timed out, possibly due to previous leader failure',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  TimeoutWaitAppliedIndex: {
    text: 'etcdserver: request timed out, waiting for the applied index took too long',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  /** Sent as UNKNOWN: rpctypes has no constant for it. */
  TimeoutLeaderTransfer: {
    text: 'etcdserver: request timed out, leader transfer took too long',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  /**
   * Raft refused the proposal before it reached any log, during an election or a leader transfer. Sent as UNKNOWN.
   */
  ProposalDropped: { text: 'raft proposal dropped', code: Code.UNAVAILABLE, verdict: 'not-applied' },
  /** The member is stopping; the proposal may be in any state. Sent as UNKNOWN. */
  RaftStopped: { text: 'raft: stopped', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** etcd returns this before it changes its members, but kine, which implements etcd's protocol, for any request. */
  Unhealthy: { text: 'etcdserver: unhealthy cluster', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** A member under the CORRUPT alarm refuses even reads. */
  Corrupt: { text: 'etcdserver: corrupt cluster', code: Code.DATA_LOSS },
  Canceled: {
    text: 'etcdserver: request canceled',
    aliases: ['etcdserver: request cancelled', 'context canceled'],
    code: Code.CANCELLED,
    verdict: 'maybe-applied',
  },
  /** The watch stream ended for a reason that concerns none of its watches. */
  WatchCanceled: { text: 'etcdserver: watch canceled', code: Code.CANCELLED, verdict: 'maybe-applied' },
  DeadlineExceeded: {
    text: 'etcdserver: context deadline exceeded',
    aliases: ['context deadline exceeded'],
    code: Code.DEADLINE_EXCEEDED,
    verdict: 'maybe-applied',
  },

  // Leases.
  LeaseNotFound: {
    text: 'etcdserver: requested lease not found',
    code: Code.NOT_FOUND,
    kind: 'lease-not-found',
  },
  LeaseExist: { text: 'etcdserver: lease already exists', code: Code.FAILED_PRECONDITION },
  LeaseTTLTooLarge: { text: 'etcdserver: too large lease TTL', code: Code.OUT_OF_RANGE },
  /** The lessor moved to another member while the request was in flight. Sent as UNKNOWN. */
  NotPrimaryLessor: { text: 'not a primary lessor', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },

  // Access. etcd checks the token before anything else, and once more before the first change. The Maintenance service of
  // etcd 3.4 and 3.5 sends the aliases, as UNKNOWN.
  InvalidAuthToken: {
    text: 'etcdserver: invalid auth token',
    aliases: ['auth: invalid auth token'],
    code: Code.UNAUTHENTICATED,
    verdict: 'not-applied',
    kind: 'unauthenticated',
  },
  AuthOldRevision: {
    text: 'etcdserver: revision of auth store is old',
    aliases: ['auth: revision in header is old'],
    code: Code.INVALID_ARGUMENT,
    verdict: 'not-applied',
    kind: 'unauthenticated',
  },
  /** The request had no token. Not applied, but final: a client without credentials gets the same answer again. */
  UserEmpty: {
    text: 'etcdserver: user name is empty',
    aliases: ['auth: user name is empty'],
    code: Code.INVALID_ARGUMENT,
    kind: 'unauthenticated',
  },
  AuthFailed: {
    text: 'etcdserver: authentication failed, invalid user ID or password',
    code: Code.INVALID_ARGUMENT,
    kind: 'credentials-refused',
  },
  /** The user authenticates by certificate only (`user add --no-password`). Sent as UNKNOWN. */
  NoPasswordUser: {
    text: 'auth: authentication failed, password was given for no password user',
    code: Code.INVALID_ARGUMENT,
    kind: 'credentials-refused',
  },
  /** The member has only the public key, so it verifies tokens but cannot sign them. Sent as UNKNOWN. */
  VerifyOnly: {
    text: 'auth: token signing attempted with verify-only key',
    code: Code.FAILED_PRECONDITION,
    kind: 'credentials-refused',
  },
  PermissionDenied: {
    text: 'etcdserver: permission denied',
    aliases: ['auth: permission denied'],
    code: Code.PERMISSION_DENIED,
    kind: 'permission-denied',
  },
  AuthNotEnabled: { text: 'etcdserver: authentication is not enabled', code: Code.FAILED_PRECONDITION },
  InvalidAuthMgmt: { text: 'etcdserver: invalid auth management', code: Code.INVALID_ARGUMENT },
  PermissionNotGiven: { text: 'etcdserver: permission not given', code: Code.INVALID_ARGUMENT },
  PermissionNotGranted: {
    text: 'etcdserver: permission is not granted to the role',
    code: Code.FAILED_PRECONDITION,
  },
  RoleEmpty: { text: 'etcdserver: role name is empty', code: Code.INVALID_ARGUMENT },
  RoleAlreadyExist: { text: 'etcdserver: role name already exists', code: Code.FAILED_PRECONDITION },
  RoleNotFound: { text: 'etcdserver: role name not found', code: Code.FAILED_PRECONDITION },
  RoleNotGranted: { text: 'etcdserver: role is not granted to the user', code: Code.FAILED_PRECONDITION },
  RootRoleNotExist: {
    text: 'etcdserver: root user does not have root role',
    code: Code.FAILED_PRECONDITION,
  },
  RootUserNotExist: { text: 'etcdserver: root user does not exist', code: Code.FAILED_PRECONDITION },
  UserAlreadyExist: { text: 'etcdserver: user name already exists', code: Code.FAILED_PRECONDITION },
  UserNotFound: { text: 'etcdserver: user name not found', code: Code.FAILED_PRECONDITION },

  // Members and versions.
  /** From MoveLeader on a member that is not the leader. The same member would return it again. */
  NotLeader: { text: 'etcdserver: not leader', code: Code.FAILED_PRECONDITION },
  BadLeaderTransferee: { text: 'etcdserver: bad leader transferee', code: Code.FAILED_PRECONDITION },
  ClusterIDMismatch: { text: 'etcdserver: cluster ID mismatch', code: Code.FAILED_PRECONDITION },
  MemberBadURLs: { text: 'etcdserver: given member URLs are invalid', code: Code.INVALID_ARGUMENT },
  MemberExist: { text: 'etcdserver: member ID already exist', code: Code.FAILED_PRECONDITION },
  MemberNotFound: { text: 'etcdserver: member not found', code: Code.NOT_FOUND },
  MemberNotEnoughStarted: {
    text: 'etcdserver: re-configuration failed due to not enough started members',
    code: Code.FAILED_PRECONDITION,
  },
  MemberNotLearner: { text: 'etcdserver: can only promote a learner member', code: Code.FAILED_PRECONDITION },
  LearnerNotReady: {
    text: 'etcdserver: can only promote a learner member which is in sync with leader',
    code: Code.FAILED_PRECONDITION,
  },
  TooManyLearners: {
    text: 'etcdserver: too many learner members in cluster',
    code: Code.FAILED_PRECONDITION,
  },
  PeerURLExist: { text: 'etcdserver: Peer URLs already exists', code: Code.FAILED_PRECONDITION },
  ClusterVersionUnavailable: {
    text: 'etcdserver: cluster version not found during downgrade',
    code: Code.FAILED_PRECONDITION,
  },
  WrongDowngradeVersionFormat: {
    text: 'etcdserver: wrong downgrade target version format',
    code: Code.INVALID_ARGUMENT,
  },
  InvalidDowngradeTargetVersion: {
    text: 'etcdserver: invalid downgrade target version',
    code: Code.INVALID_ARGUMENT,
  },
  DowngradeInProcess: {
    text: 'etcdserver: cluster has a downgrade job in progress',
    code: Code.FAILED_PRECONDITION,
  },
  NoInflightDowngrade: { text: 'etcdserver: no inflight downgrade job', code: Code.FAILED_PRECONDITION },

  // Texts without a constant in rpctypes; this library names them. etcd sends them as UNKNOWN or as a cancel reason.
  UnknownMethod: { text: 'etcdserver: unknown method', code: Code.UNKNOWN },
  ElectionNoLeader: { text: 'election: no leader', code: Code.UNKNOWN },
  ElectionNotLeader: { text: 'election: not leader', code: Code.UNKNOWN },
  ElectionMissingLeader: { text: '"leader" field must be provided', code: Code.UNKNOWN },
  /** Lock service: the lease expired while its owner waited for the lock. */
  SessionExpired: { text: 'mutex: session is expired', code: Code.NOT_FOUND, kind: 'lease-not-found' },
  /** Lock and election service: the server's own watch ended while the caller waited. */
  LostWatcher: {
    text: 'lost watcher waiting for delete',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  WatchRangeEmpty: { text: 'mvcc: watcher range is empty', code: Code.INVALID_ARGUMENT },
  WatchIdDuplicate: {
    text: 'mvcc: duplicate watch ID provided on the WatchStream',
    code: Code.INVALID_ARGUMENT,
  },
} as const satisfies Readonly<Record<EtcdReason, ServerText>>;

/** Texts that are matched by their beginning, because numbers or a list follow. */
const textPrefixes = [
  // From the server's grpc-go, whose limit is 512 KiB above etcd's own. The request did not reach etcd.
  {
    text: 'grpc: received message larger than max (',
    reason: 'RequestTooLarge',
    code: Code.RESOURCE_EXHAUSTED,
  },
  // From this client's grpc-js: an answer arrived, so a write was applied.
  {
    text: 'Received message larger than max (',
    reason: 'ResponseTooLarge',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'maybe-applied',
  },
  {
    text: 'Received message that decompresses to a size larger than ',
    reason: 'ResponseTooLarge',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'maybe-applied',
  },
  // The member implements the method, but not for this request.
  { text: 'RangeStream does not support ', reason: 'RangeStreamUnsupported', code: Code.UNIMPLEMENTED },
] as const satisfies readonly NamedServerText[];

/** etcd's text for an unknown token, for calls that the client itself ends for that reason. */
export const invalidTokenText = texts.InvalidAuthToken.text;

/** All rows, in the order of the table. */
export const serverTexts: readonly NamedServerText[] = Object.entries<ServerText>(texts).map(
  ([reason, row]) => ({
    ...row,
    reason: reason as ErrorReason,
  }),
);

/** The text of an error. */
export function serverTextOf(reason: EtcdReason): string {
  return texts[reason].text;
}

/** Every known text, alias and beginning of a text. */
export const knownTexts: readonly string[] = [
  ...serverTexts.flatMap(({ text, aliases = [] }) => [text, ...aliases]),
  ...textPrefixes.map(({ text }) => text),
];

const byText = new Map<string, NamedServerText>(
  serverTexts.flatMap((row) => [row.text, ...(row.aliases ?? [])].map((text) => [text, row])),
);

/** The row for a text; undefined if the text is not known. */
export function findServerText(text: string): NamedServerText | undefined {
  return byText.get(text) ?? textPrefixes.find((row) => text.startsWith(row.text));
}

const refusedCredentials: ReadonlySet<unknown> = new Set(
  serverTexts.filter(({ kind }) => kind === 'credentials-refused').map(({ reason }) => reason),
);

/** Whether etcd refused the user or the password, so that another token of the same user does not help. */
export function refusesCredentials(reason: unknown): boolean {
  return refusedCredentials.has(reason);
}
