import assert from 'node:assert/strict';
import { Code, DeadlineError } from '#src/errors/index.js';
import { AuthenticateResponse, PutResponse, RangeResponse } from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { type ScriptedCall, startScriptedServer, useScriptedServer } from '../../support/scripted-server.js';
import { eventually, useClients } from '../client/support.js';

const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
const bytes = {
  Authenticate: AuthenticateResponse.encode(
    AuthenticateResponse.create({ token: secretOf('a slow token') }),
  ).finish(),
  Range: RangeResponse.encode(RangeResponse.create({ header })).finish(),
  Put: PutResponse.encode(PutResponse.create({ header })).finish(),
} as const;

function answer(call: ScriptedCall): void {
  call.reply(bytes[call.method as keyof typeof bytes]);
}

/** Simulates an etcd while a fleet authenticates: each password check waits for all others. */
describe('an etcd that is slow to issue a token', () => {
  const pending: ScriptedCall[] = [];
  const server = useScriptedServer((call) => {
    if (call.method === 'Authenticate') pending.push(call);
    else answer(call);
  });
  const { connect } = useClients();
  const auth = { username: 'u', password: secretOf('of a slow etcd') };
  const requests = () => server().calls.filter((method) => method === 'Authenticate').length;

  beforeEach(() => {
    pending.length = 0;
    server().clearCalls();
  });

  it('is asked once, even if waiting callers abort or time out', async () => {
    const client = connect([server().endpoint], { auth, timeoutMs: 150 });
    for (let round = 0; round < 5; round++) {
      const calls = [client.kv.get('k'), client.kv.put('k', 'v')];
      for (const call of calls) call.catch(() => {});
      for (const call of calls)
        await assert.rejects(
          call,
          (error) => error instanceof DeadlineError && error.verdict === 'not-applied',
        );
    }
    assert.equal(requests(), 1);
    answer(pending[0]!);
    await client.kv.get('k');
    assert.equal(requests(), 1);
  });

  it('is asked again after the connection is lost, because the answer can no longer arrive', async () => {
    const client = connect([server().endpoint], { auth });
    const call = client.kv.get('k');
    await eventually('a token was requested', () => pending.length === 1);
    pending[0]!.stream.session?.destroy();
    await eventually('a token was requested again', () => pending.length === 2);
    answer(pending[1]!);
    await call;
  });

  it('and answers with errors that allow a retry is asked again with pauses', async () => {
    const client = connect([server().endpoint], { auth, timeoutMs: 3_000 });
    server().script = (call) =>
      call.method === 'Authenticate'
        ? call.end(Code.UNAVAILABLE, 'etcdserver: request timed out')
        : answer(call);
    await assert.rejects(client.kv.get('k'), DeadlineError);
    assert.ok(requests() > 1 && requests() < 12, `${requests()} in 3 s`);
  });

  it('and does not answer anything is replaced by another member', async () => {
    const silent = await startScriptedServer((call) => {
      if (call.method === 'Authenticate') pending.push(call);
    });
    server().script = answer;
    // Each client gets a token in time, whichever of the two members it prefers.
    const clients = Array.from({ length: 8 }, () =>
      connect([silent.endpoint, server().endpoint], { auth, timeoutMs: 20_000 }),
    );
    await Promise.all(clients.map((client) => client.kv.get('k')));
    assert.ok(
      pending.length <= clients.length,
      'each client requested a token from the silent member at most once',
    );
    await Promise.all(clients.map((client) => client.close()));
    await silent.close();
  });
});
