import assert from 'node:assert/strict';
import { errorFromServer } from '#src/errors/from-server.js';
import type { Case, Cases, Check } from '../support/case.js';

const client: Cases = {
  'etcd3.mock({ markFailed: () => {} })': { etcd3: (mock: object) => assert.ok('markFailed' in mock) },
  'etcd3.unmock()': { etcd3: undefined },
  'etcd3.close()': { both: undefined },
};

/** The client that a program made can read. */
const connects: Case = {
  given: { k: 'v' },
  etcd3: async (made: { get(key: string): { string(): Promise<string>; close(): void } }) =>
    assert.equal(await made.get('k').string(), 'v'),
  ours: async (made: { kv: { get(key: string): Promise<{ kv?: { value: Buffer } }> } }) =>
    assert.equal(String((await made.kv.get('k')).kv?.value), 'v'),
};

const options: Cases = {
  "new Etcd3({ hosts: '127.0.0.1:2379' })": connects,
  "new Etcd3({ hosts: ['http://127.0.0.1:2379'] })": connects,
  "new Etcd3({ hosts: '127.0.0.1:2379', dialTimeout: 5_000 })": connects,
  "new Etcd3({ hosts: '127.0.0.1:2379', defaultCallOptions: () => ({ deadline: Date.now() + 5_000 }) })":
    connects,
  "new Etcd3({ hosts: '127.0.0.1:2379', grpcOptions: { 'grpc.keepalive_time_ms': 10_000 } })": connects,
  "new Etcd3({ hosts: '127.0.0.1:2379', auth: { username: 'u', password, callOptions: { deadline: Date.now() + 5_000 } } })":
    connects,
  "new Etcd3({ hosts: 'https://127.0.0.1:2379', credentials: { rootCertificate: ca, privateKey: key, certChain: cert } })":
    connects,
  "new Etcd3({ hosts: '127.0.0.1:2379', faultHandling: { global: retry(handleAll, { maxAttempts: 3 }), host: () => noop, watchBackoff: new ExponentialBackoff().next() } })":
    connects,
  'etcd3.lease(60, { autoKeepAlive: false })': {
    etcd3: async (lease: { grant(): Promise<string> }) => assert.match(await lease.grant(), /^\d+$/),
    ours: ({ ttlSeconds }: { readonly ttlSeconds: number }) => assert.equal(ttlSeconds, 60),
  },
  'etcd3.stm({ retries: 3, isolation: 0, prefetch: [], callOptions: {} })': {
    etcd3: (stm: object) => assert.ok('transact' in stm),
  },
};

const named =
  (name: string): Check =>
  (value: unknown) => {
    assert.equal((value as { name: string }).name, name);
  };

/** Classes that etcd3 throws for a status code; a program of ours is the code. */
const codes = {
  GRPCCancelledError: 1,
  GRPCUnknownError: 2,
  GRPCInvalidArgumentError: 3,
  GRPCDeadlineExceededError: 4,
  GRPCNotFoundError: 5,
  GRPCAlreadyExistsError: 6,
  GRPCResourceExhastedError: 8,
  GRPCFailedPreconditionError: 9,
  GRPCAbortedError: 10,
  GRPCOutOfRangeError: 11,
  GRPCNotImplementedError: 12,
  GRPCInternalError: 13,
  GRPCUnavailableError: 14,
  GRPCDataLossError: 15,
  GRPCUnauthenticatedError: 16,
} as const;

const codeCases: Cases = Object.fromEntries(
  Object.entries(codes).map(([name, code]): [string, Case] => [
    name,
    {
      etcd3: (made: unknown, { peer }) => {
        const cast = peer['castGrpcError'] as (error: Error) => object;
        assert.equal(cast(Object.assign(new Error('x'), { code })).constructor, made);
      },
      ours: code,
    },
  ]),
);

/** Both libraries throw their class for this text of etcd. */
const text = (serverText: string, ours?: string, code = 16): Case => ({
  etcd3: (made: unknown, { peer }) => {
    const cast = peer['castGrpcErrorMessage'] as (message: string) => object;
    assert.equal(cast(serverText).constructor, made);
  },
  ...(ours === undefined
    ? {}
    : {
        ours: (made: { readonly name: string }) => {
          assert.equal(made.name, ours);
          assert.equal(errorFromServer(code, serverText).name, ours);
        },
      }),
});

const errors: Cases = {
  "isRecoverableError(new GRPCUnavailableError('x'))": { etcd3: true, ours: true },
  RecoverableError: { etcd3: (symbol: symbol) => assert.equal(typeof symbol, 'symbol') },
  "castGrpcError(new Error('x')).constructor": { etcd3: named('GRPCGenericError') },
  "castGrpcErrorMessage('etcdserver: permission denied').constructor": {
    etcd3: named('EtcdPermissionDeniedError'),
  },
  ClientClosedError: { etcd3: named('ClientClosedError'), ours: named('ClosedError') },
  ClientRuntimeError: { etcd3: named('ClientRuntimeError') },
  EtcdError: { both: named('EtcdError') },
  EtcdLeaseInvalidError: text('etcdserver: requested lease not found', 'LeaseNotFoundError', 5),
  EtcdPermissionDeniedError: text('etcdserver: permission denied', 'PermissionDeniedError', 7),
  EtcdAuthenticationFailedError: text(
    'etcdserver: authentication failed, invalid user ID or password',
    'UnauthenticatedError',
    3,
  ),
  EtcdInvalidAuthTokenError: text('etcdserver: invalid auth token', 'UnauthenticatedError'),
  EtcdWatchStreamEnded: { etcd3: named('EtcdWatchStreamEnded') },
  EtcdLockFailedError: { etcd3: named('EtcdLockFailedError') },
  NotCampaigningError: { etcd3: named('NotCampaigningError') },
  STMConflictError: { etcd3: named('STMConflictError'), ours: named('ContentionError') },
  EtcdRoleExistsError: text('etcdserver: role name already exists'),
  EtcdRoleNotFoundError: text('etcdserver: role name not found'),
  EtcdRoleNotGrantedError: text('etcdserver: role is not granted to the user'),
  EtcdUserExistsError: text('etcdserver: user name already exists'),
  EtcdUserNotFoundError: text('etcdserver: user name not found'),
  GRPCGenericError: { etcd3: named('GRPCGenericError'), ours: named('EtcdError') },
  GRPCProtocolError: { etcd3: named('GRPCProtocolError'), ours: 13 },
  ...codeCases,
};

export const clientCases: Cases = { ...client, ...options, ...errors };
