import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { PutResponse, RangeResponse } from '#src/gen/etcd/rpc.js';
import { eventually } from '../support/eventually.js';
import { usePublished } from '../support/published.js';
import { type ScriptedCall, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const header = { clusterId: 1n, memberId: 2n, revision: 5n, raftTerm: 2n };

describe('a connection that answers pings but no calls', () => {
  let server: ScriptedServer;
  let client: EtcdClient;
  let unanswered: ScriptedCall[];
  const connections = usePublished(diagnosticsChannels.connection, 'stuck');

  beforeEach(async () => {
    unanswered = [];
    server = await startScriptedServer(
      (call) => {
        call.stream.resume();
        if (call.method === 'Put') unanswered.push(call);
        else call.reply(RangeResponse.encode(RangeResponse.fromPartial({ header })).finish());
      },
      { maxConcurrentStreams: 1 },
    );
    client = new EtcdClient({ endpoints: [server.endpoint], name: 'stuck' });
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  it('is replaced after unanswered probes, and its running calls complete on it', async () => {
    const put = client.kv.put('held', 'v', { timeoutMs: 120_000 });
    await eventually('the only stream is in use', () => unanswered.length === 1);
    await eventually(
      'a read is answered over another connection',
      () =>
        client.kv.get('k', { timeoutMs: 1_000 }).then(
          () => true,
          () => false,
        ),
      55_000,
    );
    unanswered[0]?.reply(PutResponse.encode(PutResponse.fromPartial({ header })).finish());
    assert.equal((await put).revision, 5n);
    assert.ok(connections().some(({ type }) => type === 'replaced'));
  });
});
