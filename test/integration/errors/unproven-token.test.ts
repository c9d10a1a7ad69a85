import assert from 'node:assert/strict';
import { Code, DeadlineError } from '#src/errors/index.js';
import { RangeResponse } from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';
import { useClients } from '../client/support.js';

const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
const range = RangeResponse.encode(RangeResponse.create({ header })).finish();
const old = `${secretOf('an old token')}.50`;
const newer = `${secretOf('a newer token')}.10`;

/** A provider may return a token older than the previous one, so a lower index proves nothing about the store. */
describe('a provider whose next token has a lower index than one that etcd does not answer', () => {
  const server = useScriptedServer((call: ScriptedCall) => {
    const { token } = call.headers;
    if (call.method === 'Authenticate') call.end(Code.INVALID_ARGUMENT, 'etcdserver: user name is empty');
    else if (token === undefined) call.end(Code.INVALID_ARGUMENT, 'etcdserver: user name is empty');
    else if (token === newer && call.method === 'Range') call.reply(range);
    else if (token === newer) call.end(Code.UNAVAILABLE, 'etcdserver: no leader');
  });
  const { connect } = useClients();
  const provider = () => {
    const tokens = [old];
    return () => tokens.shift() ?? newer;
  };

  it('leaves an idempotent write maybe-applied, although the write is sent again', async () => {
    const client = connect([server().endpoint], { auth: { tokenProvider: provider() }, timeoutMs: 5_000 });
    const write = client.kv.put('k', 'v', { idempotent: true });
    await assert.rejects(
      write,
      (error) => error instanceof DeadlineError && error.verdict === 'maybe-applied',
    );
    assert.ok(server().calls.filter((method) => method === 'Put').length > 1);
  });
});
