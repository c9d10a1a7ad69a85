import { type EtcdError, requestError } from '../errors/index.js';
import type {
  AlarmRequest,
  AlarmResponse,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionRequest,
  AuthRoleListResponse,
  AuthRoleRevokePermissionRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserGetResponse,
  AuthUserListResponse,
  DowngradeRequest,
  DowngradeResponse,
  HashKVResponse,
  HashResponse,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberUpdateRequest,
  SnapshotResponse,
  StatusResponse,
} from '../gen/etcd/rpc.js';
import { describeRequest } from './call/request-description.js';
import type { TracedCall } from './call/traced-call.js';
import * as admin from './codec/admin-methods.js';
import type { EndpointStream } from './endpoint-calls.js';
import type { CallOptions } from './method.js';
import type { DuplexHandlers } from './stream/duplex.js';
import { recorded } from './stream/recorded.js';
import type { Transport } from './transport.js';

/** The RPCs of etcd's Cluster service, for the `cluster` module. */
export interface ClusterCalls {
  /** The client's default time limit of a call, in milliseconds. */
  readonly timeoutMs: number;
  list(request: MemberListRequest, options?: CallOptions): Promise<MemberListResponse>;
  add(request: MemberAddRequest, options?: CallOptions): Promise<MemberAddResponse>;
  remove(id: bigint, options?: CallOptions): Promise<MemberListResponse>;
  update(request: MemberUpdateRequest, options?: CallOptions): Promise<MemberListResponse>;
  promote(id: bigint, options?: CallOptions): Promise<MemberListResponse>;
}

/**
 * The requests that name what they change may be sent again: their callers interpret the refusal of the second one. A
 * member that is added twice is another member, or refused for another reason than at first.
 */
export function clusterCalls(transport: Transport): ClusterCalls {
  return {
    get timeoutMs() {
      return transport.timeoutMs;
    },
    list: (request, options) =>
      transport.unary(admin.memberList, request, request.linearizable ? 'read' : 'local-read', options),
    add: (request, options) => transport.unary(admin.memberAdd, request, 'write', options),
    remove: (ID, options) => transport.unary(admin.memberRemove, { ID }, 'idempotent', options),
    update: (request, options) => transport.unary(admin.memberUpdate, request, 'idempotent', options),
    promote: (ID, options) => transport.unary(admin.memberPromote, { ID }, 'idempotent', options),
  };
}

/** The trace of a call whose module makes its attempts. */
export type CallTracer = Pick<
  TracedCall,
  'start' | 'attemptSent' | 'attemptEnded' | 'received' | 'succeeded' | 'failed' | 'cancelled'
>;

/** The RPCs of etcd's Maintenance service, for the `maintenance` module. */
export interface MaintenanceCalls {
  /** The client's default time limit of a call, in milliseconds. */
  readonly timeoutMs: number;
  /** @throws {InvalidInputError} for an endpoint that the client must not connect to. */
  checkEndpoint(endpoint: string): void;
  alarm(request: AlarmRequest, options?: CallOptions): Promise<AlarmResponse>;
  downgrade(request: DowngradeRequest, options?: CallOptions): Promise<DowngradeResponse>;
  status(endpoint: string, options?: CallOptions): Promise<StatusResponse>;
  defragment(endpoint: string, options?: CallOptions): Promise<unknown>;
  hash(endpoint: string, options?: CallOptions): Promise<HashResponse>;
  hashKv(endpoint: string, revision: bigint, options?: CallOptions): Promise<HashKVResponse>;
  moveLeader(endpoint: string, targetID: bigint, options?: CallOptions): Promise<unknown>;
  /** Makes a trace of a snapshot, of all its attempts; undefined while calls are not traced. */
  traceSnapshot(): CallTracer | undefined;
  /**
   * Makes one attempt at a snapshot.
   * @throws {ClosedError} if the client is closed.
   */
  snapshot(
    endpoint: string,
    handlers: DuplexHandlers<SnapshotResponse>,
    trace: CallTracer | undefined,
  ): EndpointStream;
  /** See Transport. */
  refreshToken(used: number, cause: EtcdError): Promise<void>;
  /** Keeps the process alive until the returned function is called. */
  keepProcessAlive(): () => void;
}

export function maintenanceCalls(transport: Transport): MaintenanceCalls {
  const { onEndpoint } = transport;
  return {
    get timeoutMs() {
      return transport.timeoutMs;
    },
    checkEndpoint: (endpoint) => onEndpoint.checkEndpoint(endpoint),
    alarm: (request, options) =>
      transport.unary(admin.alarm, request, request.action === 0 ? 'read' : 'idempotent', options),
    downgrade: (request, options) =>
      transport.unary(admin.downgrade, request, request.action === 0 ? 'read' : 'write', options),
    status: (endpoint, options) => onEndpoint.unary(endpoint, admin.status, {}, 'local-read', options),
    defragment: (endpoint, options) => onEndpoint.unary(endpoint, admin.defragment, {}, 'write', options),
    hash: (endpoint, options) => onEndpoint.unary(endpoint, admin.hash, {}, 'local-read', options),
    hashKv: (endpoint, revision, options) =>
      onEndpoint.unary(endpoint, admin.hashKv, { revision }, 'local-read', options),
    moveLeader: (endpoint, targetID, options) =>
      onEndpoint.unary(endpoint, admin.moveLeader, { targetID }, 'write', options),
    traceSnapshot: () => transport.traceCall(admin.snapshot, {}),
    snapshot: (endpoint, handlers, trace) => {
      const described: DuplexHandlers<SnapshotResponse> = {
        ...handlers,
        end: (error) =>
          handlers.end(
            requestError(error, {
              ...describeRequest(admin.snapshot, {}, undefined, endpoint),
              ...transport.user,
            }),
          ),
      };
      const handled = trace ? recorded(trace, described) : described;
      return onEndpoint.stream(endpoint, admin.snapshot, {}, handled);
    },
    refreshToken: (used, cause) => transport.refreshToken(used, cause),
    keepProcessAlive: () => transport.keepProcessAlive(),
  };
}

/** The RPCs of etcd's Auth service, for the `auth` module. */
export interface AuthCalls {
  enable(options?: CallOptions): Promise<unknown>;
  disable(options?: CallOptions): Promise<unknown>;
  status(options?: CallOptions): Promise<AuthStatusResponse>;
  userAdd(request: AuthUserAddRequest, options?: CallOptions): Promise<unknown>;
  userGet(name: string, options?: CallOptions): Promise<AuthUserGetResponse>;
  userList(options?: CallOptions): Promise<AuthUserListResponse>;
  userDelete(name: string, options?: CallOptions): Promise<unknown>;
  userChangePassword(request: AuthUserChangePasswordRequest, options?: CallOptions): Promise<unknown>;
  userGrantRole(user: string, role: string, options?: CallOptions): Promise<unknown>;
  userRevokeRole(name: string, role: string, options?: CallOptions): Promise<unknown>;
  roleAdd(name: string, options?: CallOptions): Promise<unknown>;
  roleGet(role: string, options?: CallOptions): Promise<AuthRoleGetResponse>;
  roleList(options?: CallOptions): Promise<AuthRoleListResponse>;
  roleDelete(role: string, options?: CallOptions): Promise<unknown>;
  roleGrantPermission(request: AuthRoleGrantPermissionRequest, options?: CallOptions): Promise<unknown>;
  roleRevokePermission(request: AuthRoleRevokePermissionRequest, options?: CallOptions): Promise<unknown>;
  /** See Transport, also for the errors. Returns the options for the call that sends the password. */
  checkPasswordMayBeSent(allowPlaintext: boolean, options: CallOptions): Promise<CallOptions>;
}

/**
 * A user or role that is added twice is refused as existing, which may be another client's; all other requests may be sent
 * again, and their callers interpret the refusal of the second one.
 */
export function authCalls(transport: Transport): AuthCalls {
  return {
    enable: (options) => transport.unary(admin.authEnable, {}, 'idempotent', options),
    disable: (options) => transport.unary(admin.authDisable, {}, 'idempotent', options),
    status: (options) => transport.unary(admin.authStatus, {}, 'read', options),
    userAdd: (request, options) => transport.unary(admin.userAdd, request, 'write', options),
    userGet: (name, options) => transport.unary(admin.userGet, { name }, 'read', options),
    userList: (options) => transport.unary(admin.userList, {}, 'read', options),
    userDelete: (name, options) => transport.unary(admin.userDelete, { name }, 'idempotent', options),
    userChangePassword: (request, options) =>
      transport.unary(admin.userChangePassword, request, 'idempotent', options),
    userGrantRole: (user, role, options) =>
      transport.unary(admin.userGrantRole, { user, role }, 'idempotent', options),
    userRevokeRole: (name, role, options) =>
      transport.unary(admin.userRevokeRole, { name, role }, 'idempotent', options),
    roleAdd: (name, options) => transport.unary(admin.roleAdd, { name }, 'write', options),
    roleGet: (role, options) => transport.unary(admin.roleGet, { role }, 'read', options),
    roleList: (options) => transport.unary(admin.roleList, {}, 'read', options),
    roleDelete: (role, options) => transport.unary(admin.roleDelete, { role }, 'idempotent', options),
    roleGrantPermission: (request, options) =>
      transport.unary(admin.roleGrantPermission, request, 'idempotent', options),
    roleRevokePermission: (request, options) =>
      transport.unary(admin.roleRevokePermission, request, 'idempotent', options),
    checkPasswordMayBeSent: (allowPlaintext, options) =>
      transport.checkPasswordMayBeSent(allowPlaintext, options),
  };
}

export type {
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  MemberAddResponse,
  MemberListResponse,
  SnapshotResponse,
  StatusResponse,
};
