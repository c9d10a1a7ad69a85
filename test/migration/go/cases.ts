import assert from 'node:assert/strict';
import { errorFromServer } from '#src/errors/from-server.js';
import type { Outcome } from '../support/case.js';
import type { GoCase, GoKind } from './case.js';
import { done, etcdCases, type GoKeyValue, leaves, reads, text } from './etcd-cases.js';

/** The records in the store, as both write them. */
const record = (addr: string, metadata: unknown = null) =>
  JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata });
const first = record('10.0.0.7:50051');
const second = record('10.0.0.8:50051');
const manages = (
  given: Readonly<Record<string, string>>,
  stored: Readonly<Record<string, string>>,
): GoCase => ({
  ...{ kind: 'error', given, go: null, ours: done, stored },
});

const naming: Readonly<Record<string, GoCase>> = {
  'endpoints.NewManager(client, "svc")': {
    kind: 'made',
    go: '*endpoints.endpointManager',
    ours: ({ target }: { target: string }) => assert.equal(target, 'svc'),
  },
  'manager.AddEndpoint(ctx, "svc/a", endpoints.Endpoint{Addr: "10.0.0.7:50051"})': manages(
    {},
    { 'svc/a': first },
  ),
  'manager.AddEndpoint(ctx, "svc/a", endpoints.Endpoint{Addr: "10.0.0.7:50051", Metadata: map[string]any{"weight": 2}}, clientv3.WithLease(leaseID))':
    manages({}, { 'svc/a': record('10.0.0.7:50051', { weight: 2 }) }),
  'manager.DeleteEndpoint(ctx, "svc/a")': manages({ 'svc/a': first }, {}),
  'manager.Update(ctx, []*endpoints.UpdateWithOpts{endpoints.NewDeleteUpdateOpts("svc/a"), endpoints.NewAddUpdateOpts("svc/b", endpoints.Endpoint{Addr: "10.0.0.8:50051"})})':
    manages({ 'svc/a': first }, { 'svc/b': second }),
  'manager.List(ctx)': {
    given: { 'svc/a': first },
    go: (found: Readonly<Record<string, { Addr: string }>>) =>
      assert.equal(found['svc/a']?.Addr, '10.0.0.7:50051'),
    ours: (found: ReadonlyMap<string, { addr: string }>) =>
      assert.equal(found.get('svc/a')?.addr, '10.0.0.7:50051'),
  },
  'manager.NewWatchChannel(ctx)': {
    kind: 'channel or error',
    given: { 'svc/a': first },
    go: ([update]: readonly { Key: string }[]) => assert.equal(update?.Key, 'svc/a'),
    ours: async (events: AsyncIterable<{ type: string; endpoints: ReadonlyMap<string, object> }>) => {
      for await (const { type, endpoints } of events) {
        assert.deepEqual([type, [...endpoints.keys()]], ['snapshot', ['svc/a']]);
        break;
      }
    },
  },
  'resolver.NewBuilder(client)': {
    kind: 'made',
    go: 'resolver.builder',
    ours: (resolver: Disposable) => resolver[Symbol.dispose](),
  },
  'grpc.NewClient("etcd:///svc", opts...)': {
    kind: 'made',
    go: '*grpc.ClientConn',
    ours: ({ target }: { target: string }) => assert.equal(target, 'etcd:///svc'),
  },
};

const holdsLock = async ({ admin }: Outcome) => {
  const { kvs } = await admin.kv.range({ prefix: 'lock/' });
  assert.equal(kvs.length, 1);
  assert.equal(String(kvs[0]?.key), `lock/${kvs[0]?.lease.toString(16)}`);
};
const leads =
  (value: string) =>
  async (_: unknown, { admin }: Outcome) => {
    const { kvs } = await admin.kv.range({ prefix: 'job/' });
    assert.deepEqual(
      kvs.map((kv) => kv.value.toString()),
      [value],
    );
  };
const lockKeyShape = (key: unknown) => assert.match(String(key), /^lock\/[\da-f]+$/);
const electionKeyShape = (key: unknown) => assert.match(String(key), /^job\/[\da-f]+$/);
const empty = { given: {}, stored: {} };

const concurrency: Readonly<Record<string, GoCase>> = {
  'concurrency.NewSession(client, concurrency.WithTTL(60))': {
    kind: 'made',
    go: '*concurrency.Session',
    ours: ({ held }: { held: boolean }) => assert.equal(held, true),
  },
  'session.Lease()': {
    kind: 'value',
    go: (id: unknown) => assert.equal(typeof id, 'number'),
    ours: (id: unknown) => assert.equal(typeof id, 'bigint'),
  },
  'session.Done()': {
    kind: 'type',
    go: '<-chan struct {}',
    ours: ({ reason }: { reason: string }) => assert.equal(reason, 'revoked'),
    revokes: true,
  },
  'session.Ctx()': {
    kind: 'type',
    go: (type: unknown) => assert.match(String(type), /^\*context\./),
    ours: ({ aborted }: AbortSignal) => assert.equal(aborted, false),
  },
  'session.Client()': {
    kind: 'type',
    go: '*clientv3.Client',
    ours: ({ closed }: { closed: boolean }) => assert.equal(closed, false),
  },
  'session.Orphan()': { kind: 'call', go: null, ours: undefined },
  'concurrency.NewLocker(session, "lock")': { kind: 'type', go: '*concurrency.lockerMutex' },
  'mutex.Key()': { kind: 'value', go: lockKeyShape, ours: lockKeyShape },
  'mutex.IsOwner()': {
    kind: 'type',
    go: 'clientv3.Cmp',
    ours: ({ target, result }: { target: string; result: string }) =>
      assert.deepEqual([target, result], ['create', '=']),
  },
  'mutex.Header()': {
    kind: 'type',
    go: '*etcdserverpb.ResponseHeader',
    ours: (token: unknown) => assert.equal(typeof token, 'bigint'),
  },
  'election.Key()': { kind: 'value', go: electionKeyShape, ours: electionKeyShape },
  'election.Rev()': {
    kind: 'value',
    go: (revision: unknown) => assert.equal(typeof revision, 'number'),
    ours: (revision: unknown) => assert.equal(typeof revision, 'bigint'),
  },
  'election.Header()': {
    kind: 'type',
    go: '*etcdserverpb.ResponseHeader',
    ours: (token: unknown) => assert.equal(typeof token, 'bigint'),
  },
  'session.Close()': { kind: 'error', go: null, ours: undefined },
  'concurrency.NewMutex(session, "lock").Lock(ctx)': {
    kind: 'error',
    given: {},
    go: (_: unknown, outcome: Outcome) => holdsLock(outcome),
    ours: (_: unknown, outcome: Outcome) => holdsLock(outcome),
  },
  'concurrency.NewMutex(session, "lock").TryLock(ctx)': {
    kind: 'error',
    given: {},
    go: (_: unknown, outcome: Outcome) => holdsLock(outcome),
    ours: (_: unknown, outcome: Outcome) => holdsLock(outcome),
  },
  'mutex.Unlock(ctx)': { kind: 'error', go: null, ours: done, ...empty },
  'concurrency.NewElection(session, "job").Campaign(ctx, "a")': {
    kind: 'error',
    go: leads('a'),
    ours: leads('a'),
  },
  'election.Proclaim(ctx, "b")': { kind: 'error', go: leads('b'), ours: leads('b') },
  'election.Leader(ctx)': {
    given: {},
    givenOurs: { 'job/1': 'a' },
    go: ({ kvs: [kv] }: { kvs: readonly GoKeyValue[] }) => assert.equal(text(kv?.value), 'a'),
    ours: ({ value }: { value: Buffer }) => assert.equal(String(value), 'a'),
  },
  'election.Observe(ctx)': {
    kind: 'channel',
    go: leads('a'),
    givenOurs: { 'job/1': 'a' },
    ours: async (leaders: AsyncIterator<{ value: Buffer } | undefined>) => {
      assert.equal(String((await leaders.next()).value?.value), 'a');
      await leaders.return?.();
    },
  },
  'election.Resign(ctx)': { kind: 'error', go: null, ours: done, ...empty },
  'concurrency.NewSTM(client, func(s concurrency.STM) error { s.Put("n", s.Get("n")+"1"); return nil })': {
    given: {},
    ...leaves({ n: '1' }),
  },
};

const connects: GoCase = {
  kind: 'client',
  go: reads('k').go,
  ours: async (client: Outcome['admin']) => {
    assert.equal(String((await client.kv.get('k')).kv?.key), 'k');
    await client.close();
  },
};

const client: Readonly<Record<string, GoCase>> = Object.fromEntries(
  [
    '',
    ', DialTimeout: 5 * time.Second',
    ', DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 5 * time.Second, PermitWithoutStream: true',
    ', AutoSyncInterval: time.Minute',
    ', MaxCallSendMsgSize: 2 << 20, MaxCallRecvMsgSize: 64 << 20',
    ', BackoffWaitBetween: 50 * time.Millisecond, BackoffJitterFraction: 0.5, MaxUnaryRetries: 10',
    ', Context: ctx, Logger: zap.NewNop(), DialOptions: []grpc.DialOption{grpc.WithUserAgent("a")}',
    ', Username: "u", Password: password',
  ].map((more) => [`clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:2379"}${more}})`, connects]),
);

const administration: Readonly<Record<string, GoCase>> = {
  'clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:2379"}, TLS: &tls.Config{}})': {
    kind: 'made',
    go: '*clientv3.Client',
    ours: (made: Outcome['admin']) => made.close(),
  },
  'client.Sync(ctx)': {
    kind: 'error',
    go: null,
    ours: ({ adopted }: { adopted: boolean }) => assert.equal(adopted, true),
  },
  'client.Endpoints()': { kind: 'value', go: done, ours: done },
  'client.Close()': { kind: 'error', go: null, ours: undefined },
  'client.MemberList(ctx)': {
    go: ({ members }: { members: readonly object[] }) => assert.equal(members.length, 1),
    ours: ({ members }: { members: readonly object[] }) => assert.equal(members.length, 1),
  },
  'client.Status(ctx, "127.0.0.1:2379")': {
    go: ({ version }: { version: string }) => assert.match(version, /^3\./),
    ours: ({ version }: { version: string }) => assert.match(version, /^3\./),
  },
  'client.RoleList(ctx)': { go: done, ours: done },
};

/** The class of the error with Go's text is the one on the page. */
const refusal: GoCase = { kind: 'text', go: done };
const errors: Readonly<Record<string, GoCase>> = Object.fromEntries(
  [
    ['rpctypes.ErrCompacted', 'etcdserver: mvcc: required revision has been compacted'],
    ['rpctypes.ErrLeaseNotFound', 'etcdserver: requested lease not found'],
    ['rpctypes.ErrPermissionDenied', 'etcdserver: permission denied'],
    ['rpctypes.ErrAuthFailed', 'etcdserver: authentication failed, invalid user ID or password'],
    ['rpctypes.ErrInvalidAuthToken', 'etcdserver: invalid auth token'],
    ['rpctypes.ErrFutureRev', 'etcdserver: mvcc: required revision is a future revision'],
    ['rpctypes.ErrNoSpace', 'etcdserver: mvcc: database space exceeded'],
  ].map(([code = '', serverText = '']) => [
    code,
    {
      kind: 'text',
      go: serverText,
      ours: (made: { name: string }) => assert.equal(errorFromServer(2, serverText).name, made.name),
    },
  ]),
);

const contexts: Readonly<Record<string, GoCase>> = {
  'context.DeadlineExceeded': {
    ...refusal,
    ours: ({ name }: { name: string }) => assert.equal(name, 'DeadlineError'),
  },
  'context.Canceled': { ...refusal, ours: ({ name }: { name: string }) => assert.equal(name, 'AbortError') },
};

/** The case of each row of docs/migrating/from-go.md, by the code of the row's first cell. */
export const goCases: Readonly<Record<string, GoCase>> = {
  ...{ ...etcdCases, ...naming, ...concurrency },
  ...{ ...client, ...administration, ...errors, ...contexts },
};

export const kindOf = ({ kind = 'pair' }: GoCase): GoKind => kind;
