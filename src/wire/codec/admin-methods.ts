import type { Permission } from '../../gen/etcd/auth.js';
import type {
  AlarmMember,
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
  DowngradeInfo,
  DowngradeRequest,
  DowngradeResponse,
  HashKVRequest,
  HashKVResponse,
  HashResponse,
  Member,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberUpdateRequest,
  MoveLeaderRequest,
  ResponseHeader,
  SnapshotResponse,
  StatusResponse,
} from '../../gen/etcd/rpc.js';
import type { Method, StreamMethod } from '../method.js';
import { paths } from '../paths.js';
import { AnswerReader } from './answer-reader.js';
import { MessageTable } from './message-table.js';
import { requestEncoder } from './request-encoder.js';

// The methods of the Cluster, Maintenance and Auth services. A unit test compares them with the generated ones.

const header = new MessageTable<ResponseHeader>({
  clusterId: [1, 'uint64'],
  memberId: [2, 'uint64'],
  revision: [3, 'int64'],
  raftTerm: [4, 'uint64'],
});
const nothing = new MessageTable<object>({});
const headerAlone = new MessageTable<{ header: ResponseHeader | undefined }>({ header: [1, header] });

const member = new MessageTable<Member>({
  ID: [1, 'uint64'],
  name: [2, 'string'],
  peerURLs: [3, ['string']],
  clientURLs: [4, ['string']],
  isLearner: [5, 'bool'],
});
const members = new MessageTable<MemberListResponse>({ header: [1, header], members: [2, [member]] });
const memberId = new MessageTable<{ ID: bigint }>({ ID: [1, 'uint64'] });

export const memberList = method(
  paths.memberList,
  new MessageTable<MemberListRequest>({ linearizable: [1, 'bool'] }),
  members,
);
export const memberAdd = method(
  paths.memberAdd,
  new MessageTable<MemberAddRequest>({ peerURLs: [1, ['string']], isLearner: [2, 'bool'] }),
  new MessageTable<MemberAddResponse>({ header: [1, header], member: [2, member], members: [3, [member]] }),
);
export const memberRemove = method(paths.memberRemove, memberId, members);
export const memberUpdate = method(
  paths.memberUpdate,
  new MessageTable<MemberUpdateRequest>({ ID: [1, 'uint64'], peerURLs: [2, ['string']] }),
  members,
);
export const memberPromote = method(paths.memberPromote, memberId, members);

const alarmMember = new MessageTable<AlarmMember>({ memberID: [1, 'uint64'], alarm: [2, 'uint32'] });
export const alarm = method(
  paths.alarm,
  new MessageTable<AlarmRequest>({
    action: [1, 'uint32'],
    memberID: [2, 'uint64'],
    alarm: [3, 'uint32'],
  }),
  new MessageTable<AlarmResponse>({ header: [1, header], alarms: [2, [alarmMember]] }),
);
export const status = method(
  paths.status,
  nothing,
  new MessageTable<StatusResponse>({
    header: [1, header],
    version: [2, 'string'],
    dbSize: [3, 'int64'],
    leader: [4, 'uint64'],
    raftIndex: [5, 'uint64'],
    raftTerm: [6, 'uint64'],
    raftAppliedIndex: [7, 'uint64'],
    errors: [8, ['string']],
    dbSizeInUse: [9, 'int64'],
    isLearner: [10, 'bool'],
    storageVersion: [11, 'string'],
    dbSizeQuota: [12, 'int64'],
    downgradeInfo: [
      13,
      new MessageTable<DowngradeInfo>({ enabled: [1, 'bool'], targetVersion: [2, 'string'] }),
    ],
  }),
);
export const defragment = method(paths.defragment, nothing, headerAlone);
export const hash = method(
  paths.hash,
  nothing,
  new MessageTable<HashResponse>({ header: [1, header], hash: [2, 'uint32'] }),
);
export const hashKv = method(
  paths.hashKv,
  new MessageTable<HashKVRequest>({ revision: [1, 'int64'] }),
  new MessageTable<HashKVResponse>({
    header: [1, header],
    hash: [2, 'uint32'],
    compactRevision: [3, 'int64'],
    hashRevision: [4, 'int64'],
  }),
);
export const snapshot: StreamMethod<object, SnapshotResponse> = {
  ...method(
    paths.snapshot,
    nothing,
    new MessageTable<SnapshotResponse>({
      header: [1, header],
      remainingBytes: [2, 'uint64'],
      blob: [3, 'bytes'],
      version: [4, 'string'],
    }),
  ),
  requestStream: false,
};
export const moveLeader = method(
  paths.moveLeader,
  new MessageTable<MoveLeaderRequest>({ targetID: [1, 'uint64'] }),
  headerAlone,
);
export const downgrade = method(
  paths.downgrade,
  new MessageTable<DowngradeRequest>({ action: [1, 'uint32'], version: [2, 'string'] }),
  new MessageTable<DowngradeResponse>({ header: [1, header], version: [2, 'string'] }),
);

const name = new MessageTable<{ name: string }>({ name: [1, 'string'] });
const role = new MessageTable<{ role: string }>({ role: [1, 'string'] });
const permission = new MessageTable<Permission>({
  permType: [1, 'uint32'],
  key: [2, 'bytes'],
  rangeEnd: [3, 'bytes'],
});
const userOptions = new MessageTable<NonNullable<AuthUserAddRequest['options']>>({ noPassword: [1, 'bool'] });

export const authEnable = method(paths.authEnable, nothing, headerAlone);
export const authDisable = method(paths.authDisable, nothing, headerAlone);
export const authStatus = method(
  paths.authStatus,
  nothing,
  new MessageTable<AuthStatusResponse>({
    header: [1, header],
    enabled: [2, 'bool'],
    authRevision: [3, 'uint64'],
  }),
);
export const userAdd = method(
  paths.userAdd,
  new MessageTable<AuthUserAddRequest>({
    name: [1, 'string'],
    password: [2, 'string'],
    options: [3, userOptions],
    hashedPassword: [4, 'string'],
  }),
  headerAlone,
);
export const userGet = method(
  paths.userGet,
  name,
  new MessageTable<AuthUserGetResponse>({ header: [1, header], roles: [2, ['string']] }),
);
export const userList = method(
  paths.userList,
  nothing,
  new MessageTable<AuthUserListResponse>({ header: [1, header], users: [2, ['string']] }),
);
export const userDelete = method(paths.userDelete, name, headerAlone);
export const userChangePassword = method(
  paths.userChangePassword,
  new MessageTable<AuthUserChangePasswordRequest>({
    name: [1, 'string'],
    password: [2, 'string'],
    hashedPassword: [3, 'string'],
  }),
  headerAlone,
);
export const userGrantRole = method(
  paths.userGrantRole,
  new MessageTable<{ user: string; role: string }>({ user: [1, 'string'], role: [2, 'string'] }),
  headerAlone,
);
export const userRevokeRole = method(
  paths.userRevokeRole,
  new MessageTable<{ name: string; role: string }>({ name: [1, 'string'], role: [2, 'string'] }),
  headerAlone,
);
export const roleAdd = method(paths.roleAdd, name, headerAlone);
export const roleGet = method(
  paths.roleGet,
  role,
  new MessageTable<AuthRoleGetResponse>({ header: [1, header], perm: [2, [permission]] }),
);
export const roleList = method(
  paths.roleList,
  nothing,
  new MessageTable<AuthRoleListResponse>({ header: [1, header], roles: [2, ['string']] }),
);
export const roleDelete = method(paths.roleDelete, role, headerAlone);
export const roleGrantPermission = method(
  paths.roleGrantPermission,
  new MessageTable<AuthRoleGrantPermissionRequest>({ name: [1, 'string'], perm: [2, permission] }),
  headerAlone,
);
export const roleRevokePermission = method(
  paths.roleRevokePermission,
  new MessageTable<AuthRoleRevokePermissionRequest>({
    role: [1, 'string'],
    key: [2, 'bytes'],
    rangeEnd: [3, 'bytes'],
  }),
  headerAlone,
);

function method<Req, Res>(
  path: string,
  request: MessageTable<Req>,
  answer: MessageTable<Res>,
): Method<Req, Res> {
  return {
    path,
    requestSerialize: requestEncoder(request),
    responseDeserialize: (bytes) => answer.read(new AnswerReader(bytes), bytes.length),
  };
}
