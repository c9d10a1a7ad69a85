import assert from 'node:assert/strict';
import { hasReliableProgress } from '#src/watch/server-version.js';
import { eventually, useClients } from '../integration/client/support.js';
import { skip, skipIfExternal, useEtcd } from '../support/etcd.js';
import { WatchStallProxy } from '../support/watch-stall-proxy.js';
import { recordWatch } from './support.js';

/** The first request follows 30 to 60 s after the stream opens, the probe 60 s later, and 10 s later it is replaced. */
const replacedWithinMs = 180_000;

describe('a watch stream that delivers nothing more, on a connection that works', function () {
  this.timeout(replacedWithinMs + 60_000);
  const etcd = useEtcd();
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
    if (!hasReliableProgress(etcd().version))
      skip(this, `etcd ${etcd().version} may answer no progress request`);
  });

  it('is replaced, and its watches and mirrors miss nothing', async () => {
    await using proxy = await WatchStallProxy.start(etcd().endpoints[0] ?? '');
    const client = connect([proxy.endpoint]);
    const direct = connect(etcd().endpoints);
    const watcher = client.watch({ prefix: 'silent/' });
    const watched = recordWatch(watcher);
    await watcher.ready;
    const mirrored = new Set<string>();
    void (async () => {
      for await (const update of client.mirror({ prefix: 'silent/' }))
        for (const key of (update.type === 'delta' ? update.puts : update.kvs).keys()) mirrored.add(key);
    })().catch(() => {}); // the client is closed
    const seen = () => watched.events.map(({ kv }) => kv.key.toString());
    await direct.kv.put('silent/before', '');
    await eventually('both are live', () => seen().length === 1 && mirrored.size === 1);

    proxy.stall();
    await direct.kv.put('silent/while', '');
    assert.equal((await client.kv.get('silent/while')).kv?.key.toString(), 'silent/while');
    await eventually('the stream is replaced', () => seen().length === 2, replacedWithinMs);
    assert.deepEqual(seen(), ['silent/before', 'silent/while']);
    await eventually('the mirror has it', () => mirrored.size === 2);
  });
});
