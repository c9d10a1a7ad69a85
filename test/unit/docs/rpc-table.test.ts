import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { rpcRows } from '../../support/rpc-table.js';

/** The services that this package has in `./proto` alone. */
const rawOnly = /^\/v3(lock|election)pb\./;

describe('the table of RPCs in docs/etcd-api.md', () => {
  it('has each RPC of the pinned protocol once, except those of the Lock and Election services', () => {
    const lock = readFileSync(join(protoFolder(), 'wire.lock'), 'utf8');
    const pinned = [...lock.matchAll(/^rpc (\/\S+) /gm)].map(([, path = '']) => path);
    assert.ok(pinned.some((path) => rawOnly.test(path)));
    assert.deepEqual(
      rpcRows()
        .map(({ rpc }) => `/etcdserverpb.${rpc}`)
        .sort(),
      pinned.filter((path) => !rawOnly.test(path)).sort(),
    );
  });
});
