import { Code } from '#src/errors/index.js';

/**
 * The 63 errors of etcd's Go package `rpctypes`, identical in 3.6, 3.7 and later: name, code, text, and the other code
 * that some servers send (3.5 and before, or any, since two errors are never mapped). Copied from the package, not from
 * our table.
 */
export const rpctypes: readonly (readonly [name: string, code: Code, text: string, otherCode?: Code])[] = [
  ['AuthFailed', Code.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password'],
  ['AuthOldRevision', Code.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'],
  ['DuplicateKey', Code.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
  ['EmptyKey', Code.INVALID_ARGUMENT, 'etcdserver: key is not provided'],
  ['InvalidAuthMgmt', Code.INVALID_ARGUMENT, 'etcdserver: invalid auth management'],
  ['InvalidClientAPIVersion', Code.INVALID_ARGUMENT, 'etcdserver: invalid client api version'],
  ['InvalidDowngradeTargetVersion', Code.INVALID_ARGUMENT, 'etcdserver: invalid downgrade target version'],
  ['InvalidSortOption', Code.INVALID_ARGUMENT, 'etcdserver: invalid sort option'],
  ['KeyNotFound', Code.INVALID_ARGUMENT, 'etcdserver: key not found'],
  ['LeaseProvided', Code.INVALID_ARGUMENT, 'etcdserver: lease is provided'],
  ['MemberBadURLs', Code.INVALID_ARGUMENT, 'etcdserver: given member URLs are invalid'],
  ['PermissionNotGiven', Code.INVALID_ARGUMENT, 'etcdserver: permission not given'],
  ['RequestTooLarge', Code.INVALID_ARGUMENT, 'etcdserver: request is too large'],
  ['RoleEmpty', Code.INVALID_ARGUMENT, 'etcdserver: role name is empty'],
  ['TooManyOps', Code.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
  ['UserEmpty', Code.INVALID_ARGUMENT, 'etcdserver: user name is empty'],
  ['ValueProvided', Code.INVALID_ARGUMENT, 'etcdserver: value is provided'],
  ['WrongDowngradeVersionFormat', Code.INVALID_ARGUMENT, 'etcdserver: wrong downgrade target version format'],
  ['Compacted', Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  ['FutureRev', Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
  ['LeaseTTLTooLarge', Code.OUT_OF_RANGE, 'etcdserver: too large lease TTL'],
  ['NoSpace', Code.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
  ['RequestTooManyRequests', Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', Code.UNKNOWN],
  ['LeaseNotFound', Code.NOT_FOUND, 'etcdserver: requested lease not found'],
  ['MemberNotFound', Code.NOT_FOUND, 'etcdserver: member not found'],
  ['AuthNotEnabled', Code.FAILED_PRECONDITION, 'etcdserver: authentication is not enabled'],
  ['BadLeaderTransferee', Code.FAILED_PRECONDITION, 'etcdserver: bad leader transferee'],
  ['ClusterIDMismatch', Code.FAILED_PRECONDITION, 'etcdserver: cluster ID mismatch'],
  [
    'ClusterVersionUnavailable',
    Code.FAILED_PRECONDITION,
    'etcdserver: cluster version not found during downgrade',
    Code.UNAVAILABLE,
  ],
  ['DowngradeInProcess', Code.FAILED_PRECONDITION, 'etcdserver: cluster has a downgrade job in progress'],
  [
    'LearnerNotReady',
    Code.FAILED_PRECONDITION,
    'etcdserver: can only promote a learner member which is in sync with leader',
  ],
  ['LeaseExist', Code.FAILED_PRECONDITION, 'etcdserver: lease already exists'],
  ['MemberExist', Code.FAILED_PRECONDITION, 'etcdserver: member ID already exist'],
  [
    'MemberNotEnoughStarted',
    Code.FAILED_PRECONDITION,
    'etcdserver: re-configuration failed due to not enough started members',
    Code.UNKNOWN,
  ],
  ['MemberNotLearner', Code.FAILED_PRECONDITION, 'etcdserver: can only promote a learner member'],
  ['NoInflightDowngrade', Code.FAILED_PRECONDITION, 'etcdserver: no inflight downgrade job'],
  ['NotCapable', Code.FAILED_PRECONDITION, 'etcdserver: not capable', Code.UNAVAILABLE],
  ['NotLeader', Code.FAILED_PRECONDITION, 'etcdserver: not leader'],
  [
    'NotSupportedForLearner',
    Code.FAILED_PRECONDITION,
    'etcdserver: rpc not supported for learner',
    Code.UNAVAILABLE,
  ],
  ['PeerURLExist', Code.FAILED_PRECONDITION, 'etcdserver: Peer URLs already exists'],
  ['PermissionNotGranted', Code.FAILED_PRECONDITION, 'etcdserver: permission is not granted to the role'],
  ['RoleAlreadyExist', Code.FAILED_PRECONDITION, 'etcdserver: role name already exists'],
  ['RoleNotFound', Code.FAILED_PRECONDITION, 'etcdserver: role name not found'],
  ['RoleNotGranted', Code.FAILED_PRECONDITION, 'etcdserver: role is not granted to the user'],
  ['RootRoleNotExist', Code.FAILED_PRECONDITION, 'etcdserver: root user does not have root role'],
  ['RootUserNotExist', Code.FAILED_PRECONDITION, 'etcdserver: root user does not exist'],
  ['TooManyLearners', Code.FAILED_PRECONDITION, 'etcdserver: too many learner members in cluster'],
  ['UserAlreadyExist', Code.FAILED_PRECONDITION, 'etcdserver: user name already exists'],
  ['UserNotFound', Code.FAILED_PRECONDITION, 'etcdserver: user name not found'],
  ['PermissionDenied', Code.PERMISSION_DENIED, 'etcdserver: permission denied'],
  ['InvalidAuthToken', Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'],
  ['LeaderChanged', Code.UNAVAILABLE, 'etcdserver: leader changed'],
  ['NoLeader', Code.UNAVAILABLE, 'etcdserver: no leader'],
  ['Stopped', Code.UNAVAILABLE, 'etcdserver: server stopped'],
  ['Timeout', Code.UNAVAILABLE, 'etcdserver: request timed out'],
  [
    'TimeoutDueToConnectionLost',
    Code.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to connection lost',
  ],
  [
    'TimeoutDueToLeaderFail',
    Code.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to previous leader failure',
  ],
  [
    'TimeoutWaitAppliedIndex',
    Code.UNAVAILABLE,
    'etcdserver: request timed out, waiting for the applied index took too long',
  ],
  ['Unhealthy', Code.UNAVAILABLE, 'etcdserver: unhealthy cluster'],
  ['Corrupt', Code.DATA_LOSS, 'etcdserver: corrupt cluster'],
  ['Canceled', Code.CANCELLED, 'etcdserver: request canceled'],
  ['WatchCanceled', Code.CANCELLED, 'etcdserver: watch canceled'],
  ['DeadlineExceeded', Code.DEADLINE_EXCEEDED, 'etcdserver: context deadline exceeded'],
];

/** Go's spelling of a code, as in a cancel reason. */
export const goCode: Readonly<Record<Code, string>> = {
  [Code.OK]: 'OK',
  [Code.CANCELLED]: 'Canceled',
  [Code.UNKNOWN]: 'Unknown',
  [Code.INVALID_ARGUMENT]: 'InvalidArgument',
  [Code.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [Code.NOT_FOUND]: 'NotFound',
  [Code.ALREADY_EXISTS]: 'AlreadyExists',
  [Code.PERMISSION_DENIED]: 'PermissionDenied',
  [Code.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [Code.FAILED_PRECONDITION]: 'FailedPrecondition',
  [Code.ABORTED]: 'Aborted',
  [Code.OUT_OF_RANGE]: 'OutOfRange',
  [Code.UNIMPLEMENTED]: 'Unimplemented',
  [Code.INTERNAL]: 'Internal',
  [Code.UNAVAILABLE]: 'Unavailable',
  [Code.DATA_LOSS]: 'DataLoss',
  [Code.UNAUTHENTICATED]: 'Unauthenticated',
};

/** Rejected before execution, with a transient cause. */
export const notApplied: ReadonlySet<string> = new Set([
  'AuthOldRevision',
  'InvalidAuthToken',
  'NoLeader',
  'NotCapable',
  'NotSupportedForLearner',
  'RequestTooManyRequests',
]);

/** Possibly applied, now or later. */
export const maybeApplied: ReadonlySet<string> = new Set([
  'Canceled',
  'DeadlineExceeded',
  'LeaderChanged',
  'NoSpace',
  'Stopped',
  'Timeout',
  'TimeoutDueToConnectionLost',
  'TimeoutDueToLeaderFail',
  'TimeoutWaitAppliedIndex',
  'Unhealthy',
  'WatchCanceled',
]);

/** Errors with a class of their own. */
export const classOf: Readonly<Record<string, string>> = {
  AuthFailed: 'UnauthenticatedError',
  AuthOldRevision: 'UnauthenticatedError',
  Compacted: 'CompactedError',
  InvalidAuthToken: 'UnauthenticatedError',
  LeaseNotFound: 'LeaseNotFoundError',
  PermissionDenied: 'PermissionDeniedError',
  UserEmpty: 'UnauthenticatedError',
};

export function verdictOf(name: string): 'not-applied' | 'maybe-applied' | 'final' {
  if (notApplied.has(name)) return 'not-applied';
  return maybeApplied.has(name) ? 'maybe-applied' : 'final';
}
