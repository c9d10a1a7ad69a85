import { Code } from './code.js';
import type { Verdict } from './verdict.js';

/** What a text of the server means. */
export interface ServerText {
  /** etcd's words, without the prefix that Go puts before them in a cancel reason. */
  readonly text: string;
  /** Other spellings of the same: those that a release forgot to translate for its callers. */
  readonly aliases?: readonly string[];
  /** The code that etcd's rpctypes give it since 3.6, whatever code a server sends it with. */
  readonly code: Code;
  /** Default `final`. */
  readonly verdict?: Verdict;
  /** The class of its own that it deserves, because the caller acts differently. */
  readonly kind?:
    | 'compacted'
    | 'lease-not-found'
    | 'permission-denied'
    | 'unauthenticated'
    /** As `unauthenticated`, but no other token would change it: the user, or its password, is refused. */
    | 'credentials-refused';
}

/**
 * Every text with which etcd says no, by the name that its Go package `rpctypes` has for it (less `ErrGRPC`). Matched
 * by text, since codes are no guide: they differ between 3.5 and 3.6 (`not capable`, `rpc not supported for learner`,
 * `cluster version not found during downgrade` were UNAVAILABLE), `too many requests` and `not enough started members`
 * leave every server as UNKNOWN, as does every error that `v3rpc/util.go` has no entry for (all of auth's, lease's,
 * raft's and the lock service's below that have no name in `rpctypes`), and a cancelled watch has a text alone.
 *
 * Where no verdict stands, etcd refused the request for what it is, before proposing it or in the checks that come
 * before its first change.
 */
const texts = {
  // Refused for what the request is.
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

  // Refused for the state of the store or the member.
  /**
   * Mostly refused before it is proposed. But the write that takes the store over its quota is applied and then
   * answered with this, so that all members apply the same.
   */
  NoSpace: {
    text: 'etcdserver: mvcc: database space exceeded',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'maybe-applied',
  },
  /** Asked before proposing: the backlog of the member is full. */
  RequestTooManyRequests: {
    text: 'etcdserver: too many requests',
    code: Code.RESOURCE_EXHAUSTED,
    verdict: 'not-applied',
  },
  /** An interceptor's answer, before the handler is called: a member that has just started knows no version yet. */
  NotCapable: { text: 'etcdserver: not capable', code: Code.FAILED_PRECONDITION, verdict: 'not-applied' },
  /** An interceptor's answer, before the handler is called; a voting member will answer. */
  NotSupportedForLearner: {
    text: 'etcdserver: rpc not supported for learner',
    code: Code.FAILED_PRECONDITION,
    verdict: 'not-applied',
  },
  /** Of a call the answer of an interceptor, before the handler is called; of a stream its end. */
  NoLeader: { text: 'etcdserver: no leader', code: Code.UNAVAILABLE, verdict: 'not-applied' },
  /** Says nothing of the proposal that was under way. */
  LeaderChanged: { text: 'etcdserver: leader changed', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  Stopped: { text: 'etcdserver: server stopped', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** A proposal outlives the wait for it, and is applied when there is a quorum again, over what came after. */
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
  /** Leaves the server as UNKNOWN: rpctypes has no constant for it. */
  TimeoutLeaderTransfer: {
    text: 'etcdserver: request timed out, leader transfer took too long',
    code: Code.UNAVAILABLE,
    verdict: 'maybe-applied',
  },
  /**
   * Raft turned the proposal down before it was in any log: an election, or a leader that is handing over. Leaves the
   * server as UNKNOWN.
   */
  ProposalDropped: { text: 'raft proposal dropped', code: Code.UNAVAILABLE, verdict: 'not-applied' },
  /** The member is stopping, at whatever point the proposal is. Leaves the server as UNKNOWN. */
  RaftStopped: { text: 'raft: stopped', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** etcd says so before it changes its members; but others that speak its protocol (kine) say so of anything. */
  Unhealthy: { text: 'etcdserver: unhealthy cluster', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },
  /** A member under the CORRUPT alarm refuses even to read. */
  Corrupt: { text: 'etcdserver: corrupt cluster', code: Code.DATA_LOSS },
  Canceled: {
    text: 'etcdserver: request canceled',
    aliases: ['etcdserver: request cancelled', 'context canceled'],
    code: Code.CANCELLED,
    verdict: 'maybe-applied',
  },
  /** The end of a watch's stream, by no fault of any watch on it. */
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
  /** The lessor moved while the request was under way. Leaves the server as UNKNOWN. */
  NotPrimaryLessor: { text: 'not a primary lessor', code: Code.UNAVAILABLE, verdict: 'maybe-applied' },

  // Access. The token is looked at before anything else, and once more before the first change.
  InvalidAuthToken: {
    text: 'etcdserver: invalid auth token',
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
  /** No token came along. Not applied either; but final, since only one who has a user can do better next time. */
  UserEmpty: {
    text: 'etcdserver: user name is empty',
    code: Code.INVALID_ARGUMENT,
    kind: 'unauthenticated',
  },
  AuthFailed: {
    text: 'etcdserver: authentication failed, invalid user ID or password',
    code: Code.INVALID_ARGUMENT,
    kind: 'credentials-refused',
  },
  /** A user for certificates alone (`user add --no-password`). Leaves the server as UNKNOWN. */
  NoPasswordUser: {
    text: 'auth: authentication failed, password was given for no password user',
    code: Code.INVALID_ARGUMENT,
    kind: 'credentials-refused',
  },
  /** The member has a public key alone: it checks the tokens that others sign. Leaves the server as UNKNOWN. */
  VerifyOnly: {
    text: 'auth: token signing attempted with verify-only key',
    code: Code.FAILED_PRECONDITION,
    kind: 'credentials-refused',
  },
  PermissionDenied: {
    text: 'etcdserver: permission denied',
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
  /** From a member that was to move its leadership and has none: the same request to the same member meets the same. */
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

  // Without a constant in rpctypes; the names are ours. All leave the server as UNKNOWN, or as a cancel reason.
  UnknownMethod: { text: 'etcdserver: unknown method', code: Code.UNKNOWN },
  ElectionNoLeader: { text: 'election: no leader', code: Code.UNKNOWN },
  ElectionNotLeader: { text: 'election: not leader', code: Code.UNKNOWN },
  ElectionMissingLeader: { text: '"leader" field must be provided', code: Code.UNKNOWN },
  /** The lock service: the lease ran out while its owner waited for the lock. */
  SessionExpired: { text: 'mutex: session is expired', code: Code.NOT_FOUND, kind: 'lease-not-found' },
  /** The lock and the election service: the server's own watch ended while the caller waited. */
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
} as const satisfies Readonly<Record<string, ServerText>>;

/** Texts that begin alike and go on with figures or a list: those of the gRPC library of one side, and of a method. */
const textPrefixes = [
  // grpc-go of a server whose limit is 512 KiB above etcd's own: the request never reached etcd.
  {
    text: 'grpc: received message larger than max (',
    reason: 'RequestTooLarge',
    code: Code.RESOURCE_EXHAUSTED,
  },
  // Of this side: the answer was there, so a write was carried out.
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
  // The member has the method, and not for such a request.
  { text: 'RangeStream does not support ', reason: 'RangeStreamUnsupported', code: Code.UNIMPLEMENTED },
] as const satisfies readonly (ServerText & { readonly reason: string })[];

/** Names of the refusals that have a text of their own. */
export type EtcdReason = keyof typeof texts;

/**
 * Names of etcd's own refusals, as `rpctypes` spells them, e.g. `NoSpace`. Those that it has no name for have one of
 * ours; `ResponseTooLarge` and `NotEtcd` (an answer that no etcd gives) are this client's own.
 */
export type ErrorReason = EtcdReason | (typeof textPrefixes)[number]['reason'] | 'NotEtcd';

/** What etcd says to a token that it does not know, for calls that are ended here for that. */
export const invalidTokenText = texts.InvalidAuthToken.text;

/** A text of the server and its name. */
export type NamedServerText = ServerText & { readonly reason: ErrorReason };

/** All of them, in the order of the table. */
export const serverTexts: readonly NamedServerText[] = Object.entries<ServerText>(texts).map(
  ([reason, row]) => ({
    ...row,
    reason: reason as ErrorReason,
  }),
);

/** etcd's words for a refusal. */
export function serverTextOf(reason: EtcdReason): string {
  return texts[reason].text;
}

/** Every text that means something here, and every beginning of one. */
export const knownTexts: readonly string[] = [
  ...serverTexts.flatMap(({ text, aliases = [] }) => [text, ...aliases]),
  ...textPrefixes.map(({ text }) => text),
];

const byText = new Map<string, NamedServerText>(
  serverTexts.flatMap((row) => [row.text, ...(row.aliases ?? [])].map((text) => [text, row])),
);

/** What a text means, if it is known. */
export function findServerText(text: string): NamedServerText | undefined {
  return byText.get(text) ?? textPrefixes.find((row) => text.startsWith(row.text));
}

const refusedCredentials: ReadonlySet<unknown> = new Set(
  serverTexts.filter(({ kind }) => kind === 'credentials-refused').map(({ reason }) => reason),
);

/** Whether etcd refused the user itself, so that no other token of the same user would help. */
export function refusesCredentials(reason: unknown): boolean {
  return refusedCredentials.has(reason);
}
