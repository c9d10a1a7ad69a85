import assert from 'node:assert/strict';
import { AuthenticateResponse, MemberListResponse } from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { useClients } from './support.js';

const token = secretOf('sync-token');
const auth = { username: 'u', password: secretOf('sync') };

describe('the member list of an untrusted server', () => {
  const { connect } = useClients();
  let server: ScriptedServer;
  let other: ScriptedServer;
  let clientURLs: string[];

  const play: Parameters<typeof startScriptedServer>[0] = (call) => {
    call.stream.resume();
    if (call.method === 'Authenticate')
      call.reply(
        AuthenticateResponse.encode(AuthenticateResponse.fromPartial({ header: {}, token })).finish(),
      );
    else if (call.method === 'MemberList') {
      const members = [{ name: 'm', clientURLs }];
      call.reply(MemberListResponse.encode(MemberListResponse.fromPartial({ header: {}, members })).finish());
    } else call.end(12);
  };

  beforeEach(async () => {
    [server, other] = await Promise.all([startScriptedServer(play), startScriptedServer(play)]);
    // No host has an address in 192.0.2.0/24, which is reserved for documentation (RFC 5737).
    clientURLs = ['http://192.0.2.1:2379', 'http://0:2379', `http://${other.endpoint}`];
  });

  afterEach(() => Promise.all([server.close(), other.close()]));

  const sync = (options: Parameters<typeof connect>[1]) => {
    const client = connect([server.endpoint], { timeoutMs: 5_000, connectTimeoutMs: 1_000, ...options });
    return client.sync();
  };

  it('cannot make a client send a password or token in plaintext beyond loopback, whatever the allow rule returns', async () => {
    const { endpoints, skipped } = await sync({ auth, sync: { allow: () => true } });
    assert.deepEqual(endpoints, [server.endpoint, `http://${other.endpoint}`]);
    assert.deepEqual(
      skipped.map(({ endpoint }) => endpoint),
      ['http://192.0.2.1:2379', 'http://0:2379'],
    );
    assert.match(skipped[0]?.reason ?? '', /plaintext .*auth\.allowPlaintext/);
    assert.match(skipped[1]?.reason ?? '', /wildcard/);
  });

  it('is followed in plaintext if allowPlaintext is set, except for wildcard addresses', async () => {
    const allowed = { ...auth, allowPlaintext: true };
    const { endpoints } = await sync({ auth: allowed, sync: { allow: () => true } });
    assert.deepEqual(endpoints, [server.endpoint, 'http://192.0.2.1:2379', `http://${other.endpoint}`]);
  });

  it('is not requested by a client with a user and no allow rule', async () => {
    await assert.rejects(sync({ auth }), {
      name: 'InvalidInputError',
      message: /sync with auth needs sync\.allow/,
    });
    assert.deepEqual(server.calls, []);
  });

  it('is not adopted if none of its addresses answers, and the result has the reason for each', async () => {
    await other.close();
    clientURLs = [`http://${other.endpoint}`];
    const { adopted, skipped } = await sync({});
    assert.equal(adopted, false);
    assert.match(skipped[0]?.reason ?? '', /no advertised address can be reached: .*ECONNREFUSED/);
    other = await startScriptedServer(play);
  });
});
