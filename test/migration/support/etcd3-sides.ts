import type { Side } from './compile.js';

/** What the programs of both sides use. */
const shared = `
  ca: Buffer;
  key: Buffer;
  cert: Buffer;
  password: string;
  newPassword: string;
  work: () => Promise<void>;
  print: (value: unknown) => void;
`;

/** How the programs of from-etcd3.md become modules. */
export const before: Side = {
  imports: `
import { ExponentialBackoff, handleAll, noop, retry } from 'cockatiel';
import * as peer from 'etcd3';
const { Etcd3, Range, Election, comparator, compareTarget, isRecoverableError, castGrpcError, castGrpcErrorMessage } = peer;
const { RecoverableError, ClientClosedError, ClientRuntimeError, EtcdError, EtcdLeaseInvalidError } = peer;
const { EtcdPermissionDeniedError, EtcdAuthenticationFailedError, EtcdInvalidAuthTokenError } = peer;
const { EtcdWatchStreamEnded, EtcdLockFailedError, NotCampaigningError, STMConflictError } = peer;
const { EtcdRoleExistsError, EtcdRoleNotFoundError, EtcdRoleNotGrantedError } = peer;
const { EtcdUserExistsError, EtcdUserNotFoundError, GRPCGenericError, GRPCProtocolError } = peer;
const { GRPCCancelledError, GRPCUnknownError, GRPCInvalidArgumentError, GRPCDeadlineExceededError } = peer;
const { GRPCNotFoundError, GRPCAlreadyExistsError, GRPCResourceExhastedError } = peer;
const { GRPCFailedPreconditionError, GRPCAbortedError, GRPCOutOfRangeError, GRPCNotImplementedError } = peer;
const { GRPCInternalError, GRPCUnavailableError, GRPCDataLossError, GRPCUnauthenticatedError } = peer;`,
  scene: `
  etcd3: peer.Etcd3;
  watcher: peer.Watcher;
  lease: peer.Lease;
  leaseId: string;
  revision: string;
  campaign: peer.Campaign;
  observer: peer.ElectionObserver;${shared}`,
};

export const after: Side = {
  imports: `
import { ClosedError, Code, compare, ContentionError, decode, EtcdClient, EtcdError, keyText, LeaseNotFoundError, op } from '@org/etcd-naming';
import { PermissionDeniedError, UnauthenticatedError, type HeldLease, type Term, type Watcher } from '@org/etcd-naming';
import { AuthService, etcdserverpb } from '@org/etcd-naming/proto';
import { call } from './call.js';
import { tryLock } from './lock.js';
import { strings } from './strings.js';`,
  scene: `
  client: EtcdClient;
  watcher: Watcher;
  lease: HeldLease;
  leaseId: bigint;
  revision: bigint;
  term: Term;
  error: EtcdError;${shared}`,
};
