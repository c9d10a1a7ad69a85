import assert from 'node:assert/strict';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { skipIfExternal } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, useClients } from '../client/support.js';

describe('the diagnostics of a watch in a cluster of three', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  const published = usePublished(diagnosticsChannels.watch);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    cluster = await startEtcdCluster();
  });

  after(() => cluster?.close());

  it('show that the stream moves to another member when its member is killed', async () => {
    const { members, endpoints } = cluster;
    const client = connect(endpoints);
    const events = () => published(client);
    const watcher = client.watch({ prefix: 'k' });
    const first = await watcher.ready;
    const streams = () => events().flatMap((event) => (event.type === 'stream-opened' ? [event] : []));
    const [{ endpoint, stream }] = streams() as [ReturnType<typeof streams>[number]];
    await members.find((member) => member.endpoint === endpoint)?.kill();
    await eventually('the watch resumes', () => client.metrics().watch.resumes['stream-lost'] === 1, 60_000);
    const last = streams().at(-1);
    assert.notEqual(last?.endpoint, endpoint);
    assert.equal(last?.stream, stream);
    const resumed = events().at(-1);
    assert.ok(resumed?.type === 'resumed', resumed?.type);
    assert.deepEqual([resumed.cause, resumed.fromRevision], ['stream-lost', first + 1n]);
    assert.ok(resumed.downMs > 0);
    assert.deepEqual(
      events()
        .filter(({ type }) => !type.startsWith('stream-'))
        .map(({ type }) => type),
      ['opened', 'resumed'],
    );
    const { live, lagMs, streams: open } = client.metrics().watch;
    assert.deepEqual({ live, lagMs, open }, { live: 1, lagMs: 0, open: 1 });
  });
});
