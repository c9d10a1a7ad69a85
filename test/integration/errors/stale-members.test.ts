import assert from 'node:assert/strict';
import { Code } from '#src/errors/index.js';
import { AuthenticateResponse, RangeRequest, RangeResponse } from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { type ScriptedCall, useScriptedServer } from '../../support/scripted-server.js';
import { eventually, useClients } from '../client/support.js';

const header = { clusterId: 1n, memberId: 1n, revision: 1n, raftTerm: 1n };
const range = RangeResponse.encode(RangeResponse.create({ header })).finish();
const old = `${secretOf('a token of the old store')}.50`;
const newer = `${secretOf('a token of the new store')}.10`;

/** The store of two members was replaced: each leaves requests with the old token unanswered. */
describe('calls that wait on two members with the token of a replaced store', () => {
  let tokens: string[];
  let hasQuorum: boolean;
  /** The members on which a call of the test waits, as opposed to a read of the client. */
  let waiting: Set<string>;

  function answer(name: string, call: ScriptedCall): void {
    if (call.method === 'Authenticate') {
      const token = tokens.shift() ?? newer;
      call.reply(AuthenticateResponse.encode(AuthenticateResponse.create({ token })).finish());
      return;
    }
    const { token } = call.headers;
    call.onMessage((message) => {
      const { serializable, key } = RangeRequest.decode(message);
      if (token === newer) call.reply(range);
      else if (token === old && key.toString() === 'k') waiting.add(name);
      else if (token === undefined && (hasQuorum || serializable))
        call.end(Code.INVALID_ARGUMENT, 'etcdserver: user name is empty');
    });
  }

  const one = useScriptedServer((call) => answer('one', call));
  const other = useScriptedServer((call) => answer('other', call));
  const { connect } = useClients();

  beforeEach(() => {
    tokens = [old];
    hasQuorum = false;
    waiting = new Set();
  });

  it('are all sent again with the new token, whichever member proves the replacement', async () => {
    const auth = { username: 'u', password: secretOf('of two members') };
    const client = connect([one().endpoint, other().endpoint], { auth, timeoutMs: 120_000 });
    const calls: Promise<unknown>[] = [];
    await eventually('a call waits on each member', () => {
      calls.push(client.kv.get('k'));
      return waiting.size === 2;
    });
    hasQuorum = true;
    let done = false;
    const all = Promise.all(calls).then(() => {
      done = true;
    });
    all.catch(() => {}); // eventually() reports the failure
    await eventually('all calls are answered, long before a retry of their own is due', () => done, 20_000);
    assert.equal(tokens.length, 0);
  });
});
