import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { grpcCounter, skipIfExternal } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

const tokenSeconds = 2;
const root = { username: 'root', password: secretOf('root') };

describe('five hundred concurrent calls of a client whose token has expired', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  let started: EtcdHandle | undefined;
  const etcd = () => started!;

  before(async function () {
    skipIfExternal(this);
    started = await startEtcd({
      args: ['--auth-token-ttl', String(tokenSeconds)],
      auth: { rootPassword: root.password },
    });
  });

  after(() => started?.close());

  /** The number of Authenticate calls that etcd has started, successful or not. */
  const authentications = () => grpcCounter(etcd(), 'grpc_server_started_total', 'Authenticate');

  /** Waits until the token has expired. Nothing may use the token meanwhile, because each use extends it. */
  const expiry = () => sleep(2.5 * tokenSeconds * 1_000);

  it('cause one Authenticate, and none of them fails', async () => {
    const client = connect(etcd().endpoints, { auth: root });
    const folder = folderOf(etcd());
    await client.kv.put(`${folder}k`, 'v');
    for (let round = 0; round < 2; round++) {
      await expiry();
      const before = await authentications();
      const calls = Array.from({ length: 500 }, (_, i) => {
        if (i % 3 === 0) return client.kv.put(`${folder}${i}`, 'v');
        return i % 3 === 1 ? client.kv.get(`${folder}k`) : client.kv.txn({ compare: [] });
      });
      const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
      assert.deepEqual(failed, []);
      assert.equal((await authentications()) - before, 1, `round ${round}`);
    }
    const { count } = await client.kv.range({ prefix: folder }, { countOnly: true });
    assert.equal(count, 168n); // `k`, and one key for each of the 167 puts
  });

  it('cause one Authenticate if they are the first of the client', async () => {
    const client = connect(etcd().endpoints, { auth: root });
    const before = await authentications();
    await Promise.all(Array.from({ length: 500 }, () => client.kv.get('k')));
    assert.equal((await authentications()) - before, 1);
  });
});
