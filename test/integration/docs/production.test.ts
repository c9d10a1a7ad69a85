import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import { skip, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { sectionOf } from '../../support/pages.js';

const page = 'docs/production.md';
const MiB = 2 ** 20;
const quotaBytes = 4 * MiB;

describe('docs/production.md', function () {
  this.timeout(60_000);
  const etcd = useEtcd({ args: ['--quota-backend-bytes', `${quotaBytes}`] });
  let client: EtcdClient;

  before(function () {
    skipUnlessBreakable(this, etcd());
    client = new EtcdClient({ endpoints: etcd().endpoints });
  });

  after(() => client?.close());

  it('names metrics that etcd has', async () => {
    const named = [...(sectionOf(page, 'Alarms') ?? '').matchAll(/`((?:etcd|grpc)_\w+_\w+)`/g)];
    const metrics = await etcd().metrics();
    const missing = named.filter(([, name]) => !new RegExp(`^${name}(?:_bucket)?[{ ]`, 'm').test(metrics));
    assert.ok(named.length > 8);
    assert.deepEqual(
      missing.map(([, name]) => name),
      [],
    );
  });

  it('has commands after which an etcd that exceeded its quota accepts writes again', async function () {
    const { etcdctl, endpoints } = etcd();
    if (!etcdctl) skip(this, 'there is no etcdctl');
    const isNoSpace = (error: unknown) => error instanceof EtcdError && error.reason === 'NoSpace';
    // etcd compares the quota with the size at its last commit, which is up to 100 ms old.
    const fill = async () => {
      for (let i = 0; i < 64 * (quotaBytes / MiB); i++)
        await client.kv.put('production/fill', Buffer.alloc(MiB));
    };
    await assert.rejects(fill(), isNoSpace);
    await client.kv.delete('production/fill');
    await assert.rejects(client.kv.put('production/key', 'v'), isNoSpace);
    const commands = /```sh\n(.*?)```/s.exec(sectionOf(page, 'When the quota is exceeded') ?? '')?.[1];
    const { status, stderr } = spawnSync('/bin/sh', ['-ec', commands ?? 'exit 1'], {
      encoding: 'utf8',
      env: {
        PATH: `${dirname(etcdctl)}:${process.env['PATH']}`,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: endpoints.join(','),
      },
    });
    assert.equal(status, 0, stderr);
    await client.kv.put('production/key', 'v');
  });
});
