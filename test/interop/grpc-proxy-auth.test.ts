import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { PermissionDeniedError, UnauthenticatedError } from '#src/errors/index.js';
import { recordWatch } from '../fault/support.js';
import { useClients } from '../integration/client/support.js';
import { secretOf } from '../support/canary.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { useGrpcProxy } from './support/grpc-proxy.js';

describe('a client whose only endpoint is a grpc-proxy before an etcd with authentication', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const startProxy = useGrpcProxy(etcd);
  const { connect } = useClients();
  const folder = 'owned/';
  let owner: EtcdClient;
  let unprivileged: EtcdClient;
  let anonymous: EtcdClient;

  before(async () => {
    const range = { key: base64(folder), range_end: base64('owned0') };
    for (const [method, message] of [
      ['user/add', { name: 'root', password: secretOf('root') }],
      ['user/grant', { user: 'root', role: 'root' }],
      ['role/add', { name: 'owners' }],
      ['role/grant', { name: 'owners', perm: { permType: 'READWRITE', ...range } }],
      ['user/add', { name: 'owner', password: secretOf('owner') }],
      ['user/grant', { user: 'owner', role: 'owners' }],
      ['user/add', { name: 'stranger', password: secretOf('stranger') }],
      ['enable', {}],
    ] as const) {
      const response = await fetch(`http://${etcd().endpoints[0]}/v3/auth/${method}`, {
        method: 'POST',
        body: JSON.stringify(message),
        headers: { connection: 'close' },
      });
      assert.equal(response.status, 200, `${method}: ${await response.text()}`);
    }
  });

  beforeEach(async () => {
    const { endpoint } = await startProxy();
    const as = (username: string) =>
      connect([endpoint], { auth: { username, password: secretOf(username) } });
    owner = as('owner');
    unprivileged = as('stranger');
    anonymous = connect([endpoint]);
  });

  it('reads and writes with its own permissions', async () => {
    await owner.kv.put(`${folder}a`, 'v');
    assert.equal((await owner.kv.get(`${folder}a`)).kv?.value.toString(), 'v');
    await assert.rejects(owner.kv.get('another'), PermissionDeniedError);
    await assert.rejects(unprivileged.kv.get(`${folder}a`), PermissionDeniedError);
    await assert.rejects(anonymous.kv.get(`${folder}a`), UnauthenticatedError);
  });

  it('watches with its own permissions, although the proxy shares one watch among the permitted clients', async () => {
    const watchers = [owner.watch({ prefix: folder }), owner.watch({ prefix: folder })];
    await Promise.all(watchers.map(({ ready }) => ready));
    await assert.rejects(unprivileged.watch({ prefix: folder }).ready, PermissionDeniedError);
    const records = watchers.map(recordWatch);
    await owner.kv.put(`${folder}b`, 'v');
    await eventually('both receive the event', () => records.every(({ events }) => events.length === 1));
  });

  it("receives the proxy's cached value for a serializable read, without any permission", async () => {
    await owner.kv.put(`${folder}c`, 'secret');
    await owner.kv.get(`${folder}c`);
    const { kv } = await anonymous.kv.get(`${folder}c`, { serializable: true });
    assert.equal(kv?.value.toString(), 'secret');
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
