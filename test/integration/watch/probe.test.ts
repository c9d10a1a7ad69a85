import assert from 'node:assert/strict';
import { on } from 'node:events';
import { Client, credentials } from '@grpc/grpc-js';
import { WatchRequest, type WatchResponse, WatchService } from '#src/gen/etcd/rpc.js';
import { probeRequest } from '#src/watch/watch-request.js';
import { useEtcd } from '../../support/etcd.js';
import { unproxied } from '../../support/proxy.js';
import { useClients } from '../client/support.js';

const refused = { created: true, canceled: true, cancelReason: 'mvcc: watcher range is empty' };

describe('the probe of a silent watch stream', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  it('is refused by etcd on a stream whose watch starts at the next revision, and leaves that watch', async () => {
    const { kv } = connect(etcd().endpoints);
    const key = `${etcd().prefix}probe`;
    const { revision } = await kv.put(`${etcd().prefix}before`, '');
    const client = new Client(etcd().endpoints[0] ?? '', credentials.createInsecure(), unproxied);
    const { path, requestSerialize, responseDeserialize } = WatchService.watch;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const replies = on(call, 'data');
    const next = async () => (await replies.next()).value[0] as WatchResponse;
    try {
      const value = { key: Buffer.from(key), startRevision: revision + 1n, watchId: 1n };
      call.write(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } }));
      assert.equal((await next()).created, true);
      call.write(probeRequest(2n));
      const { created, canceled, cancelReason } = await next();
      assert.deepEqual({ created, canceled, cancelReason }, refused);
      await kv.put(key, 'v');
      assert.equal((await next()).events.length, 1);
    } finally {
      call.on('error', () => {}); // it is cancelled
      call.cancel();
      client.close();
    }
  });
});
