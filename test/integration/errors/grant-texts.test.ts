import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EtcdClient } from '#src/client/index.js';
import { PermissionDeniedError } from '#src/errors/index.js';
import type { KeyRange } from '#src/model/index.js';
import { secretOf } from '../../support/canary.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { useClients } from '../client/support.js';

describe('the grant in the text of a refused request', () => {
  const [rootPassword, password] = [secretOf('grants-root'), secretOf('grants-user')];
  const etcd = useEtcd({
    auth: { rootPassword, roles: { ROLE: [] }, users: { shop: { password, roles: ['ROLE'] } } },
  });
  const { connect } = useClients();
  const client = (): EtcdClient => connect(etcd().endpoints, { auth: { username: 'shop', password } });

  /** Runs a printed command as an operator who pastes it into a shell. */
  const paste = (command: string, etcdctl: string) =>
    promisify(execFile)('/bin/sh', ['-c', `etcdctl() { "$0" "$@"; }; ${command}`, etcdctl], {
      env: {
        ...process.env,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: etcd().endpoints.join(','),
        ETCDCTL_USER: 'root',
        ETCDCTL_PASSWORD: rootPassword,
      },
    });

  const refusalOf = async (range: KeyRange): Promise<string> => {
    const error: unknown = await client()
      .kv.range(range)
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof PermissionDeniedError, String(error));
    return error.message;
  };

  // First: each of the following tests adds a grant to the role.
  it('is omitted for a key that a terminal cannot show', async () => {
    assert.match(await refusalOf({ key: 'a\u202eb' }), /may not read 'a\\u202eb' \(Range\)$/);
    assert.match(await refusalOf({ key: Buffer.of(0x61, 0xff) }), /\(Range\)$/);
  });

  const ranges: readonly KeyRange[] = [
    { key: 'plain/a' },
    { prefix: 'http://shop/x/' },
    { prefix: "it's $HOME/`id`\\" },
    { key: '-dash' },
    { prefix: '--prefix=a/' },
    { key: '-a b', rangeEnd: '-a c' },
    { fromKey: '~ 東京' },
    { prefix: '' },
  ];
  for (const range of ranges)
    it(`can be pasted into a shell, and permits the request: ${JSON.stringify(range)}`, async function () {
      const { etcdctl } = etcd();
      if (etcdctl === undefined) return skip(this, 'there is no etcdctl');
      const [, command = ''] =
        /; grant: (etcdctl role grant-permission ROLE read .*)$/.exec(await refusalOf(range)) ?? [];
      assert.notEqual(command, '');
      await paste(command, etcdctl);
      await client().kv.range(range);
    });
});
