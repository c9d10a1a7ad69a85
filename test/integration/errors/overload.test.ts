import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { sharedAbortController } from '#src/async/index.js';
import { EtcdClient } from '#src/client/index.js';
import { Code, DeadlineError } from '#src/errors/index.js';
import { PutResponse, RangeResponse } from '#src/gen/etcd/rpc.js';
import { eventually } from '../../support/eventually.js';
import {
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.js';

type Fail = (call: ScriptedCall) => void;

const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
const answers: Record<string, Uint8Array> = {
  Range: RangeResponse.encode(RangeResponse.create({ header })).finish(),
  Put: PutResponse.encode(PutResponse.create({ header })).finish(),
};
const healthy: Fail = (call) => call.reply(answers[call.method] ?? Buffer.alloc(0));
const refusal =
  (code: number, text: string): Fail =>
  (call) =>
    call.end(code, text);

const get = (client: EtcdClient, options: object) => client.kv.get('k', options);
const put = (client: EtcdClient, options: object) => client.kv.put('k', 'v', options);

/** Name of a failure, how the server produces it, and the call that it fails. */
const failures: readonly [string, Fail, typeof get | typeof put][] = [
  ['UNAVAILABLE', refusal(Code.UNAVAILABLE, 'no backend'), get],
  ['too many requests', refusal(Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'), put],
  ['no leader', refusal(Code.UNAVAILABLE, 'etcdserver: no leader'), put],
  ['leader changed', refusal(Code.UNAVAILABLE, 'etcdserver: leader changed'), get],
  ['request timed out', refusal(Code.UNAVAILABLE, 'etcdserver: request timed out'), get],
  ['not capable', refusal(Code.FAILED_PRECONDITION, 'etcdserver: not capable'), put],
  ['a stream that is reset', ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), get],
  ['a stream that is refused', ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM), put],
  ['a connection that is lost', ({ stream }) => stream.session?.destroy(), get],
];

const callers = 1_000;
/** Minimum intervals: between the retries of a client that gets no answers, and between its probes of a member. */
const [leastRetryMs, leastProbeMs] = [25, 250];

describe('a thousand calls of one client', () => {
  let servers: ScriptedServer[];
  let clients: EtcdClient[];

  beforeEach(() => {
    servers = [];
    clients = [];
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(servers.map((server) => server.close()));
  });

  async function serve(script: Fail): Promise<ScriptedServer> {
    const server = await startScriptedServer(script);
    servers.push(server);
    return server;
  }

  function connect(...to: readonly ScriptedServer[]): EtcdClient {
    const client = new EtcdClient({ endpoints: to.map(({ endpoint }) => endpoint) });
    clients.push(client);
    return client;
  }

  for (const [name, fail, call] of failures) {
    describe(`that are answered with ${name}`, () => {
      it('are retried no more often than one call, and all succeed once the server recovers', async () => {
        const server = await serve(fail);
        const client = connect(server);
        const start = performance.now();
        const all = Promise.all(Array.from({ length: callers }, () => call(client, { timeoutMs: 60_000 })));
        await eventually('the calls were sent', () => server.calls.length > 0);
        await eventually('1.5 s have passed', () => performance.now() - start > 1_500);
        const failingMs = performance.now() - start;
        const retries = server.calls.length - callers;
        const bound = failingMs / leastRetryMs + failingMs / leastProbeMs + 2;
        assert.ok(retries <= bound, `${retries} retries in ${failingMs} ms`);
        server.clearCalls();
        server.script = healthy;
        await all;
        assert.ok(server.calls.length <= callers + 5, `${server.calls.length} requests after the recovery`);
      });
    });
  }

  it('end at their own deadlines, with the server’s answer in the error, while others keep waiting', async () => {
    const server = await serve(refusal(Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'));
    const client = connect(server);
    const long = Promise.all(Array.from({ length: callers }, () => put(client, { timeoutMs: 60_000 })));
    const short = Array.from({ length: 100 }, () => put(client, { timeoutMs: 3_000 }));
    const rejected = short.map((call) =>
      assert.rejects(call, (error) => {
        assert.ok(error instanceof DeadlineError, String(error));
        assert.equal(error.verdict, 'not-applied');
        assert.match(error.tried[0]?.answer ?? '', /too many requests/);
        return true;
      }),
    );
    await Promise.all(rejected);
    server.script = healthy;
    await long;
  });

  it('reject immediately when their signal aborts or the client closes', async () => {
    const server = await serve(refusal(Code.UNAVAILABLE, 'no backend'));
    const client = connect(server);
    const abort = sharedAbortController();
    const reason = new Error('enough');
    const waiting = { timeoutMs: 60_000, signal: abort.signal };
    const aborted = Array.from({ length: callers }, () => assert.rejects(get(client, waiting), reason));
    const closed = Array.from({ length: callers }, () =>
      assert.rejects(get(client, { timeoutMs: 60_000 }), { name: 'ClosedError' }),
    );
    await eventually('each call was sent', () => server.calls.length >= 2 * callers);
    abort.abort(reason);
    await Promise.all(aborted);
    await client.close();
    await Promise.all(closed);
  });

  it('continue on the other members while one of three refuses', async () => {
    const three = await Promise.all([serve(healthy), serve(healthy), serve(healthy)]);
    const client = connect(...three);
    await put(client, {});
    const preferred = three.find(({ calls }) => calls.length > 0);
    assert.ok(preferred);
    preferred.script = refusal(Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests');
    preferred.clearCalls();
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: callers }, () => put(client, {})));
    // The whole first round is refused by the preferred member. Later rounds reach that member only after a successful probe.
    const requests = preferred.calls.filter((method) => method === 'Put').length;
    assert.ok(requests >= callers && requests < 2 * callers, `${requests} requests to the failing member`);
  });
});
