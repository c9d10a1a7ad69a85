import assert from 'node:assert/strict';
import { StoreReplacedError } from '#src/errors/index.js';
import { RangeResponse, StatusResponse, TxnResponse } from '#src/gen/etcd/rpc.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../../support/scripted-server.js';
import { eventually, useClients } from '../../client/support.js';

/** Scripted, because the releases that must not have batches would crash, and no etcd changes its version on demand. */
describe('reads of single keys in one turn', () => {
  const { connect } = useClients();
  const servers: ScriptedServer[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const header = (memberId: bigint) => ({ clusterId: 1n, memberId, revision: 5n, raftTerm: 2n });
  const rangeAnswer = RangeResponse.encode(RangeResponse.create({ header: header(7n) })).finish();
  /** Neither of two keys exists. */
  const batchAnswer = TxnResponse.encode(
    TxnResponse.create({
      header: header(7n),
      succeeded: true,
      responses: [0, 1].map(() => ({
        response: { $case: 'responseRange' as const, value: RangeResponse.create({ header: header(7n) }) },
      })),
    }),
  ).finish();
  const statusAnswer = (version: string, memberId = 7n, isLearner = false) =>
    StatusResponse.encode(StatusResponse.create({ header: header(memberId), version, isLearner })).finish();

  type Script = Partial<Record<'Range' | 'Txn' | 'Status' | 'Check', (call: ScriptedCall) => void>>;

  async function serve(script: Script): Promise<ScriptedServer> {
    const defaults: Script = {
      Range: (call) => call.reply(rangeAnswer),
      Status: (call) => call.reply(statusAnswer('3.7.1')),
      Check: (call) => call.reply(Buffer.alloc(0)),
      Txn: (call) => call.end(13, 'unexpected'),
    };
    const all = { ...defaults, ...script };
    const server = await startScriptedServer((call) => {
      const answer = all[call.method as keyof Script];
      // An answer before the request was read would be a reset for the client.
      call.onMessage(() => answer?.(call));
    });
    servers.push(server);
    return server;
  }

  const pair = (client: ReturnType<typeof connect>, options = {}) =>
    Promise.all([client.kv.get('a', options), client.kv.get('b', options)]);

  const count = ({ calls }: ScriptedServer, method: string) => calls.filter((one) => one === method).length;

  /** Reads until the server has described itself, and some more times. */
  async function readAfterStatus(server: ScriptedServer, client = connect([server.endpoint]), options = {}) {
    await eventually('the server describes itself', async () => {
      await pair(client, options);
      return count(server, 'Status') >= 2;
    });
    for (let i = 0; i < 10; i++) await pair(client, options);
    return client;
  }

  const unsafe = [
    '3.3.27',
    '3.4.22',
    '3.5.0',
    '3.5.4',
    '3.5.6',
    '3.6.0-rc.4',
    '3.5.10-custom',
    '4.0.0',
    '',
    'x',
  ];
  for (const version of unsafe) {
    it(`travel on their own to a server of version '${version}'`, async () => {
      const server = await serve({ Status: (call) => call.reply(statusAnswer(version)) });
      await readAfterStatus(server);
      assert.equal(count(server, 'Txn'), 0);
      assert.equal(count(server, 'Status'), 2, 'the version is remembered');
    });
  }

  for (const version of ['3.4.23', '3.4.40', '3.5.7', '3.5.35', '3.6.0', '3.7.1', '3.10.0']) {
    it(`travel together to a server of version '${version}'`, async () => {
      const server = await serve({ Status: (call) => call.reply(statusAnswer(version)) });
      await readAfterStatus(server);
      assert.equal(count(server, 'Txn'), 1, 'this one refuses it');
    });
  }

  it('travel on their own to a proxy without a health service', async () => {
    const server = await serve({ Check: (call) => call.end(12, 'unknown service grpc.health.v1.Health') });
    await readAfterStatus(server);
    assert.equal(count(server, 'Txn'), 0);
  });

  it('travel on their own through a proxy that sends each request to another member', async () => {
    let statuses = 0n;
    const server = await serve({ Status: (call) => call.reply(statusAnswer('3.7.1', 7n + statuses++)) });
    await readAfterStatus(server);
    assert.equal(count(server, 'Txn'), 0);
  });

  it('travel on their own to a learner', async () => {
    const server = await serve({ Status: (call) => call.reply(statusAnswer('3.7.1', 7n, true)) });
    await readAfterStatus(server, undefined, { serializable: true });
    assert.equal(count(server, 'Txn'), 0);
  });

  it('travel on their own while the server does not say what it is', async () => {
    const server = await serve({ Status: (call) => call.end(7, 'no') });
    await readAfterStatus(server);
    assert.equal(count(server, 'Txn'), 0);
    assert.equal(count(server, 'Status'), 2, 'it is not asked in every turn');
  });

  it('travel on their own after the member came back with an unsafe version', async () => {
    let version = '3.5.35';
    const sessions = new Set<{ close(): void }>();
    const server = await serve({
      Status: (call) => {
        if (call.stream.session) sessions.add(call.stream.session);
        call.reply(statusAnswer(version));
      },
      Txn: (call) => {
        assert.equal(version, '3.5.35');
        call.end(14, 'etcdserver: leader changed');
      },
    });
    const client = await readAfterStatus(server);
    await eventually('reads travel together', async () => {
      await pair(client);
      return count(server, 'Txn') > 0;
    });
    version = '3.5.2';
    for (const session of sessions) session.close();
    server.clearCalls();
    await readAfterStatus(server, client);
    assert.equal(count(server, 'Txn'), 0);
  });

  it('travel on their own to the member of an older release when the other one fails', async () => {
    const older = await serve({ Status: (call) => call.reply(statusAnswer('3.5.2', 8n)) });
    let isFailing = false;
    const answerOrFail = (call: ScriptedCall, answer: Uint8Array) =>
      isFailing ? call.end(14, 'etcdserver: no leader') : call.reply(answer);
    const newer = await serve({
      Range: (call) => answerOrFail(call, rangeAnswer),
      Txn: (call) => answerOrFail(call, batchAnswer),
    });
    let client = connect([newer.endpoint, older.endpoint]);
    await eventually('a client prefers the newer member, and its reads travel together', async () => {
      await pair(client);
      // Each client draws the member that it prefers.
      if (count(older, 'Range') > 0) client = connect([newer.endpoint, older.endpoint]);
      older.clearCalls();
      return count(newer, 'Txn') > 1;
    });
    isFailing = true;
    for (let i = 0; i < 20; i++) await pair(client);
    assert.ok(count(older, 'Range') > 0);
    assert.equal(count(older, 'Txn'), 0);
  });

  it('reject with an error of their own if the answer comes from another store', async () => {
    let clusterId = 1n;
    const answerOf = (method: typeof rangeAnswer) => {
      const changed = TxnResponse.decode(method);
      changed.header!.clusterId = clusterId;
      return TxnResponse.encode(changed).finish();
    };
    const server = await serve({ Txn: (call) => call.reply(answerOf(batchAnswer)) });
    const client = await readAfterStatus(server);
    await eventually('reads travel together', async () => {
      await pair(client);
      return count(server, 'Txn') > 0;
    });
    clusterId = 2n;
    const outcomes = await Promise.allSettled(['a', 'b', 'a'].map((key) => client.kv.get(key)));
    const errors = outcomes.map((one) => {
      assert.ok(one.status === 'rejected' && one.reason instanceof StoreReplacedError, one.status);
      return one.reason;
    });
    assert.equal(new Set(errors).size, 3);
  });

  it('are not cancelled on the server when their callers abort', async () => {
    const held: ScriptedCall[] = [];
    const server = await serve({ Txn: (call) => void held.push(call) });
    const client = connect([server.endpoint]);
    const controller = new AbortController();
    await eventually('reads travel together', () => {
      void Promise.allSettled(['a', 'b'].map((key) => client.kv.get(key, { signal: controller.signal })));
      return held.length > 0;
    });
    controller.abort();
    // The server sees what was sent before this read is answered.
    await client.kv.get('c');
    await client.kv.get('d');
    for (const { stream } of held) assert.deepEqual([stream.destroyed, stream.aborted], [false, false]);
    for (const call of held) call.reply(batchAnswer);
  });

  it('share no error, although they shared the attempt that failed', async () => {
    const server = await serve({
      Txn: (call) => void setTimeout(() => call.end(14, 'etcdserver: leader changed'), 250),
    });
    const client = await readAfterStatus(server);
    await eventually('the batch failed too late for another attempt', async () => {
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'a'].map((key) => client.kv.get(key, { timeoutMs: 290 })),
      );
      const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? causesOf(one.reason) : []));
      assert.equal(new Set(errors).size, errors.length, 'an error is shared');
      for (const { message } of errors) assert.doesNotMatch(message, /Txn/);
      return errors.filter(({ message }) => message.endsWith('leader changed')).length >= 3;
    });
  });

  const refusals: readonly (readonly [what: string, answer: (call: ScriptedCall) => void])[] = [
    ['UNIMPLEMENTED', (call) => call.end(12, 'unsupported transaction')],
    ['an unknown refusal', (call) => call.end(9, 'no')],
    [
      'PERMISSION_DENIED, although every key may be read',
      (call) => call.end(7, 'etcdserver: permission denied'),
    ],
    ['a full store', (call) => call.end(8, 'etcdserver: mvcc: database space exceeded')],
    ['bytes that are not an answer', (call) => call.reply(Buffer.from('nonsense'))],
    ['no results', (call) => call.reply(Buffer.from([10, 4, 16, 7, 24, 5, 16, 1]))],
    [
      'results of no operation',
      (call) => call.reply(Buffer.from([10, 4, 16, 7, 24, 5, 16, 1, 26, 0, 26, 0])),
    ],
  ];
  for (const [what, answer] of refusals) {
    it(`travel on their own after ${what}`, async () => {
      const server = await serve({ Txn: answer });
      await readAfterStatus(server);
      assert.equal(count(server, 'Txn'), 1, 'the refusal is remembered');
    });
  }
});

/** The error and its causes. */
function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
