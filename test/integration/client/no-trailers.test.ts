import assert from 'node:assert/strict';
import { AmbiguousWriteError } from '#src/errors/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { useClients } from './support.js';

describe('a server that ends its side of a stream without trailers', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let server: ScriptedServer;

  before(async () => {
    server = await startScriptedServer(({ stream }) => {
      stream.resume();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end();
    });
  });
  after(() => server.close());

  const client = () => connect([server.endpoint, ...etcd().endpoints]);
  /** Until one call of several has used the server: a client prefers a random member. */
  async function untilUsed(method: string, use: () => Promise<void>): Promise<void> {
    server.clearCalls();
    await eventually('the server is used', async () => {
      await use();
      return server.calls.includes(method);
    });
  }

  it('ends no watch, and leaves none without a stream', async () => {
    await untilUsed('Watch', async () => {
      const key = `${etcd().prefix}no-trailers`;
      const watcher = client().watch(key, { startRevision: 1n });
      const next = watcher[Symbol.asyncIterator]().next();
      await connect(etcd().endpoints).kv.put(key, 'v');
      assert.equal((await next).done, false);
      await watcher.close();
    });
  });

  it('loses no renewal of a lease', async () => {
    await untilUsed('LeaseKeepAlive', async () => {
      const lease = await connect(etcd().endpoints).lease.grant({ ttlSeconds: 60 });
      assert.ok((await client().lease.keepAliveOnce(lease.id)).ttlSeconds > 0);
    });
  });

  it('leaves a read to another member, and a write of unknown outcome to the caller', async () => {
    const key = `${etcd().prefix}no-trailers`;
    await untilUsed('Range', async () => void (await client().kv.get(key)));
    await untilUsed('Put', async () => {
      const error = await client()
        .kv.put(key, 'v')
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      const isAmbiguous = error instanceof AmbiguousWriteError;
      assert.equal(isAmbiguous, server.calls.includes('Put'), String(error));
      if (isAmbiguous) assert.match(error.message, /an answer ended without a gRPC status/);
    });
  });
});
