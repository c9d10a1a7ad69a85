import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { PermissionDeniedError } from '#src/errors/index.js';
import type { Watcher } from '#src/watch/index.js';
import { secretOf } from '../../support/canary.js';
import { grpcCounter, useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

describe('watches from now on', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const reads = () => grpcCounter(etcd(), 'grpc_server_handled_total', 'Range');

  it('that are requested in one go cost one read, and miss nothing that is written once they are ready', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    await client.kv.put(`${folder}0`, 'before');
    const before = await reads();
    const watchers = Array.from({ length: 1_000 }, (_, i) => client.watch(`${folder}${i}`));
    await Promise.all(watchers.map(({ ready }) => ready));
    assert.equal((await reads()) - before, 1);
    for (const i of [0, 500, 999]) {
      await client.kv.put(`${folder}${i}`, `after ${i}`);
      assert.equal(await firstValue(watchers[i]!), `after ${i}`);
    }
    await Promise.all(watchers.map((watcher) => watcher.close()));
  }).timeout(30_000);

  it('that are requested during a read are not served by it, and share the next one', async () => {
    const client = connect(etcd().endpoints);
    const folder = folderOf(etcd());
    await client.kv.put(`${folder}k`, 'before');
    const before = await reads();
    const first = client.watch(`${folder}k`);
    await Promise.resolve(); // the read of the first one is on its way
    const later = Array.from({ length: 50 }, () => client.watch(`${folder}k`));
    await Promise.all([first, ...later].map(({ ready }) => ready));
    assert.equal((await reads()) - before, 2);
    await Promise.all([first, ...later].map((watcher) => watcher.close()));
  });
});

describe('watches from now on of a user with rights on one prefix', function () {
  this.timeout(30_000);
  const etcd = useEtcd({
    auth: {
      roles: { limited: [{ access: 'readwrite', prefix: 'mine/' }] },
      users: { limited: { password: secretOf('user of pins'), roles: ['limited'] } },
    },
  });
  const { connect } = useClients();
  let client: EtcdClient;

  beforeEach(() => {
    const { endpoints, ...access } = etcd().clientOptionsOf('limited');
    client = connect(endpoints, access);
  });

  for (const order of ['before', 'after'] as const) {
    it(`start if their keys are allowed, and fail if not, with the forbidden ones requested ${order} them`, async () => {
      const watch = (folder: string) => Array.from({ length: 20 }, (_, i) => client.watch(`${folder}${i}`));
      const [one, other] = order === 'before' ? ['other/', 'mine/'] : ['mine/', 'other/'];
      const watchers = { [one]: watch(one), [other]: watch(other) } as Record<'mine/' | 'other/', Watcher[]>;
      await Promise.all(watchers['mine/'].map(({ ready }) => ready));
      for (const [i, watcher] of watchers['other/'].entries()) {
        await assert.rejects(watcher.ready, (error: Error) => {
          assert.ok(error instanceof PermissionDeniedError, String(error));
          assert.match(error.message, new RegExp(`other/${i}\\b`), 'the error is about its own key');
          return true;
        });
        assert.equal((await watcher.closed).reason, 'failed');
      }
      await client.kv.put('mine/19', order);
      assert.equal(await firstValue(watchers['mine/'][19]!), order);
      await Promise.all(watchers['mine/'].map((watcher) => watcher.close()));
    });
  }
});

async function firstValue(watcher: Watcher): Promise<string | undefined> {
  for await (const { events } of watcher) return events[0] && String(events[0].kv.value);
  return undefined;
}
