import assert from 'node:assert/strict';
import { RangeResponse, StatusResponse } from '#src/gen/etcd/rpc.js';
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
    const newer = await serve({});
    const client = connect([newer.endpoint, older.endpoint]);
    const failing = (call: ScriptedCall) => call.end(14, 'etcdserver: no leader');
    await eventually('a batch failed, and the other member was used', async () => {
      await pair(client);
      newer.script = (call) =>
        call.onMessage(() => {
          if (call.method === 'Txn') failing(call);
          else if (call.method === 'Range') call.reply(rangeAnswer);
          else if (call.method === 'Status') call.reply(statusAnswer('3.7.1'));
          else call.reply(Buffer.alloc(0));
        });
      return count(newer, 'Txn') > 0 && count(older, 'Range') > 0;
    });
    for (let i = 0; i < 20; i++) await pair(client);
    assert.equal(count(older, 'Txn'), 0);
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
    ['no results', (call) => call.reply(Buffer.from([10, 2, 24, 5, 16, 1]))],
    ['results of no operation', (call) => call.reply(Buffer.from([10, 2, 24, 5, 16, 1, 26, 0, 26, 0]))],
  ];
  for (const [what, answer] of refusals) {
    it(`travel on their own after ${what}`, async () => {
      const server = await serve({ Txn: answer });
      await readAfterStatus(server);
      assert.equal(count(server, 'Txn'), 1, 'the refusal is remembered');
    });
  }
});
