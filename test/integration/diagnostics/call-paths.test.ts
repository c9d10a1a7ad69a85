import assert from 'node:assert/strict';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import {
  ClosedError,
  Code,
  DeadlineError,
  EtcdError,
  InvalidInputError,
  StoreReplacedError,
  UnauthenticatedError,
} from '#src/errors/index.js';
import { KVService, RangeResponse } from '#src/gen/etcd/rpc.js';
import { type EtcdHandle, type FaultProxy, startEtcd } from '#src/testing/index.js';
import { AuthStore } from '../../support/auth-store.js';
import { secretOf } from '../../support/canary.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { useScriptedServer } from '../../support/scripted-server.js';
import { attemptsOf, useTracedCalls } from '../../support/traced-calls.js';
import { eventually, useClients } from '../client/support.js';

const name = 'calls-traced';

describe('the trace of a call that no member gets', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  const traced = useTracedCalls(name);
  const failed = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];

  for (const [kind, make] of [
    ['put', (client: ReturnType<typeof connect>, signal: AbortSignal) => client.kv.put('k', '', { signal })],
    ['read', (client: ReturnType<typeof connect>, signal: AbortSignal) => client.kv.get('k', { signal })],
  ] as const) {
    it(`has the reason of the signal if a ${kind} is aborted before its start`, async () => {
      const client = connect(etcd().endpoints, { name });
      const reason = new Error('not needed');
      await assert.rejects(make(client, AbortSignal.abort(reason)), reason);
      const { error, outcome, attempts, durationMs } = traced.call();
      assert.deepEqual([error, outcome, attempts], [reason, 'cancelled', []]);
      assert.ok(durationMs !== undefined);
      assert.deepEqual(traced.order(), failed);
    });

    it(`has the reason of the signal if a ${kind} is aborted while it waits for a connection`, async () => {
      const client = connect([await deadEndpoint()], { name });
      const controller = new AbortController();
      const call = make(client, controller.signal);
      await eventually('it waits', () => client.metrics().members[0]?.healthy === false);
      controller.abort('enough');
      await assert.rejects(call, (error) => error === 'enough');
      const { error, attempts } = traced.call();
      assert.equal(error, 'enough');
      assert.ok(attempts.every(({ isSent }) => !isSent));
      assert.deepEqual(traced.order(), failed);
    });

    it(`has the members that could not be reached before the deadline of a ${kind}`, async () => {
      const dead = await deadEndpoint();
      const client = connect([dead], { name, timeoutMs: 300 });
      await assert.rejects(make(client, new AbortController().signal), DeadlineError);
      const { error, attempts } = traced.call();
      assert.ok(error instanceof DeadlineError);
      assert.ok(attempts.length > 0);
      for (const [i, attempt] of attempts.entries()) {
        const { number, endpoint, isSent, durationMs } = attempt;
        assert.deepEqual([number, endpoint, isSent, durationMs], [i + 1, dead, false, 0]);
        assert.equal(attempt.error?.code, Code.UNAVAILABLE);
      }
      const { calls } = client.metrics();
      assert.deepEqual(calls, { attempts: 0, answers: 0, failures: 0, retries: 0 });
    });

    it(`has a ClosedError if the client is closed before a ${kind}`, async () => {
      const client = connect(etcd().endpoints, { name });
      await client.close();
      await assert.rejects(make(client, new AbortController().signal), ClosedError);
      assert.ok(traced.call().error instanceof ClosedError);
    });
  }

  it('is not published if the arguments are refused', async () => {
    const client = connect(etcd().endpoints, { name });
    await assert.rejects(client.kv.put('', ''), InvalidInputError);
    await assert.rejects(client.maintenance.status('not an endpoint'), InvalidInputError);
    assert.deepEqual(traced.order(), []);
  });
});

describe('the trace of a call with two members', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const traced = useTracedCalls(name);
  const retries = usePublished(diagnosticsChannels.retry, name);

  /** A client with two members, connected to the first of the returned ones. */
  async function connectTwo(servers: readonly EtcdHandle[]) {
    const links = await Promise.all(servers.map((server) => proxy(server)));
    const client = connect(
      links.map(({ endpoint }) => endpoint),
      { name },
    );
    await client.kv.get('warm-up');
    const used = links.find(({ connections }) => connections > 0) as FaultProxy;
    const other = links.find((link) => link !== used) as FaultProxy;
    traced.ended().length = 0;
    return { client, used, other };
  }

  it('has an attempt on each if a write is sent again after a lost connection', async () => {
    const { client, used, other } = await connectTwo([etcd(), etcd()]);
    const before = client.metrics().calls;
    used.blackhole();
    const put = client.kv.put('k', 'v', { idempotent: true });
    await eventually('it is sent', () => client.metrics().calls.attempts > before.attempts);
    used.refuse();
    const { revision } = await put;
    const call = traced.call();
    assert.deepEqual(attemptsOf(call), [
      { number: 1, endpoint: used.endpoint, reads: 1, failed: true },
      { number: 2, endpoint: other.endpoint, reads: 1, failed: false },
    ]);
    assert.deepEqual([call.error, call.revision], [undefined, revision]);
    const [retry, ...others] = retries();
    assert.deepEqual(others, []);
    const { service, method, attempt, endpoint, error } = retry!;
    assert.deepEqual([service, method, attempt, endpoint], ['etcdserverpb.KV', 'Put', 1, used.endpoint]);
    assert.equal(error, call.attempts[0]?.error);
    const { attempts, answers, failures, retries: repeated } = client.metrics().calls;
    assert.deepEqual(
      [attempts, answers, failures, repeated],
      [before.attempts + 2, before.answers + 1, 1, 1],
    );
  });

  it('has the batch as its first attempt for each read of a batch that failed', async () => {
    const { client, used, other } = await connectTwo([etcd(), etcd()]);
    await eventually('reads travel together', async () => {
      traced.ended().length = 0;
      await Promise.all(['a', 'b'].map((key) => client.kv.get(key)));
      return traced.ended().every(({ attempts }) => attempts[0]?.reads === 2);
    });
    traced.ended().length = 0;
    const before = client.metrics().calls;
    used.blackhole();
    const reads = Promise.all(['a', 'b', 'c'].map((key) => client.kv.get(key)));
    await eventually('the batch is sent', () => client.metrics().calls.attempts > before.attempts);
    used.refuse();
    await reads;
    assert.equal(traced.ended().length, 3);
    for (const call of traced.ended()) {
      assert.deepEqual(attemptsOf(call), [
        { number: 1, endpoint: used.endpoint, reads: 3, failed: true },
        { number: 2, endpoint: other.endpoint, reads: 1, failed: false },
      ]);
      assert.ok(call.revision !== undefined && call.responseBytes > 0);
    }
    assert.deepEqual(
      retries().map(({ method, attempt }) => [method, attempt]),
      [1, 2, 3].map(() => ['Range', 1]),
    );
    const { attempts, answers, failures, retries: repeated } = client.metrics().calls;
    assert.deepEqual(
      [attempts, answers, failures, repeated],
      [before.attempts + 4, before.answers + 3, before.failures + 1, 3],
    );
  });

  it('has a ClosedError, and the attempt that was cut, if the client is closed meanwhile', async () => {
    const { client, used } = await connectTwo([etcd(), etcd()]);
    const before = client.metrics().calls.attempts;
    used.blackhole();
    const calls = [client.kv.put('k', 'v'), client.kv.range({ prefix: 'k' })];
    await eventually('they are sent', () => client.metrics().calls.attempts === before + 2);
    void client.close();
    for (const call of calls) await assert.rejects(call, ClosedError);
    assert.equal(traced.ended().length, 2);
    for (const call of traced.ended()) {
      assert.ok(call.error instanceof ClosedError);
      assert.deepEqual(attemptsOf(call), [{ number: 1, endpoint: used.endpoint, reads: 1, failed: true }]);
    }
    assert.deepEqual(retries(), []);
  });

  it('has the reason of the signal, and an attempt without an error, if it is aborted meanwhile', async () => {
    const { client, used } = await connectTwo([etcd(), etcd()]);
    const before = client.metrics().calls.attempts;
    used.blackhole();
    const controller = new AbortController();
    const put = client.kv.put('k', 'v', { signal: controller.signal });
    await eventually('it is sent', () => client.metrics().calls.attempts > before);
    const reason = new EtcdError('of another call', { code: Code.UNAVAILABLE });
    controller.abort(reason);
    await assert.rejects(put, reason);
    const call = traced.call();
    assert.deepEqual([call.error, call.outcome], [reason, 'cancelled']);
    assert.equal(client.metrics().calls.failures, 0);
    assert.deepEqual(attemptsOf(call), [{ number: 1, endpoint: used.endpoint, reads: 1, failed: false }]);
  });

  it('has no retry if its failed attempt is not repeated before the deadline', async () => {
    const { client, used, other } = await connectTwo([etcd(), etcd()]);
    const before = client.metrics().calls.attempts;
    used.blackhole();
    const put = client.kv.put('k', 'v', { idempotent: true, timeoutMs: 1_000 });
    await eventually('it is sent', () => client.metrics().calls.attempts > before);
    for (const link of [used, other]) link.refuse();
    await assert.rejects(put, DeadlineError);
    assert.equal(client.metrics().calls.failures, 1);
    assert.deepEqual([retries(), client.metrics().calls.retries], [[], 0]);
  });

  it('has the calls that wait for a retry in the metrics, by their kind', async () => {
    const { client, used, other } = await connectTwo([etcd(), etcd()]);
    for (const link of [used, other]) link.refuse();
    const timeoutMs = 1_500;
    const calls = [
      client.kv.put('k', 'v', { timeoutMs, idempotent: true }),
      client.kv.range('k', { timeoutMs }),
      client.kv.range('k', { timeoutMs, serializable: true }),
    ];
    const settled = Promise.allSettled(calls);
    const seen = { localReads: 0, reads: 0, writes: 0 };
    await eventually('each kind waits', () => {
      const waiting = client.metrics().retries;
      for (const kind of ['localReads', 'reads', 'writes'] as const)
        seen[kind] = Math.max(seen[kind], waiting[kind]);
      return Object.values(seen).every((count) => count === 1);
    });
    await settled;
    assert.deepEqual(client.metrics().retries, { localReads: 0, reads: 0, writes: 0 });
  });

  it('has a StoreReplacedError, although the last attempt was answered', async function () {
    skipIfExternal(this);
    const second = await startEtcd();
    try {
      const { client, used, other } = await connectTwo([etcd(), second]);
      const before = client.metrics().calls.attempts;
      used.blackhole();
      const read = client.kv.range({ prefix: 'k' });
      await eventually('it is sent', () => client.metrics().calls.attempts > before);
      used.refuse();
      await assert.rejects(read, StoreReplacedError);
      const call = traced.call();
      assert.ok(call.error instanceof StoreReplacedError && call.revision !== undefined);
      assert.deepEqual(
        attemptsOf(call).map(({ endpoint, failed }) => [endpoint, failed]),
        [
          [used.endpoint, true],
          [other.endpoint, false],
        ],
      );
    } finally {
      await second.close();
    }
  });
});

describe('the trace of a call whose answer does not fit the request', () => {
  const server = useScriptedServer((call) => {
    const key = Buffer.from('another');
    const kvs = [{ key, createRevision: 1n, modRevision: 1n, version: 1n, value: key }];
    const header = { clusterId: 1n, memberId: 1n, revision: 5n, raftTerm: 1n };
    if (call.method === 'Range')
      call.reply(KVService.range.responseSerialize(RangeResponse.fromPartial({ header, kvs, count: 1n })));
    else call.end(Code.UNIMPLEMENTED);
  });
  const { connect } = useClients();
  const traced = useTracedCalls(name);

  it('has the error of its caller, although its attempt was answered', async () => {
    const client = connect([server().endpoint], { name, batchReads: false });
    const failure = await client.kv.get('k').then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(failure instanceof EtcdError);
    const call = traced.call();
    assert.equal(call.error, failure);
    assert.deepEqual(
      attemptsOf(call).map(({ failed }) => failed),
      [false],
    );
    assert.equal(call.revision, 5n);
    const { answers, failures } = client.metrics().calls;
    assert.deepEqual([answers, failures], [1, 0]);
  });
});

describe('the trace of a call whose token is refused', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  const traced = useTracedCalls(name);
  const retries = usePublished(diagnosticsChannels.retry, name);
  let store: AuthStore | undefined;

  before(async function () {
    skipIfExternal(this);
    store = await AuthStore.start(secretOf('root of traced calls'));
  });

  after(() => store?.close());

  it('has a second attempt with the new token', async () => {
    const auth = { username: 'root', password: secretOf('root of traced calls') };
    const client = connect(store!.etcd.endpoints, { name, auth });
    await client.kv.put('k', '');
    await store!.gateway.callAsRoot('role/add', { name: 'changes-the-auth-revision' });
    await store!.etcd.restart(); // simple tokens are in the memory of the member
    await client.kv.put('k', '', { idempotent: true, timeoutMs: 20_000 });
    const refusals = traced
      .ended()
      .flatMap(({ attempts }) => attempts.filter(({ error }) => error instanceof UnauthenticatedError));
    assert.ok(refusals.length > 0, 'a token was refused');
    const refused = traced.ended().find(({ attempts }) => attempts.includes(refusals[0]!));
    assert.ok(refused && refused.error === undefined);
    assert.equal(refused.attempts.at(-1)?.error, undefined);
    const published = retries().filter(({ error }) => error === refusals[0]?.error);
    assert.deepEqual(
      published.map(({ attempt }) => attempt),
      [refusals[0]?.number],
    );
  });
});
