import assert from 'node:assert/strict';
import { UnauthenticatedError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { useClients } from './support.js';

describe('a client without credentials of an etcd with authentication', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  before(async function () {
    skipUnlessBreakable(this, etcd());
    for (const [method, message] of [
      ['user/add', { name: 'root', password: secretOf('root') }],
      ['user/grant', { user: 'root', role: 'root' }],
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

  it('gets a typed error from every call', async () => {
    const client = connect(etcd().endpoints);
    await assert.rejects(client.kv.get('k'), UnauthenticatedError);
    await assert.rejects(client.kv.put('k', 'v'), UnauthenticatedError);
    await assert.rejects(client.kv.delete({ prefix: 'k' }), UnauthenticatedError);
  });

  it('gets a typed error from a watch, although etcd sends only a text', async () => {
    const client = connect(etcd().endpoints);
    for (const options of [{}, { startRevision: 1n }]) {
      const watcher = client.watch('k', options);
      await assert.rejects(watcher[Symbol.asyncIterator]().next(), UnauthenticatedError);
      await assert.rejects(watcher.ready, UnauthenticatedError);
      assert.equal((await watcher.closed).reason, 'failed');
    }
  });

  it('gets a typed error from a mirror, which does not retry forever', async () => {
    const mirror = connect(etcd().endpoints).mirror({ prefix: 'k' });
    await assert.rejects(mirror[Symbol.asyncIterator]().next(), UnauthenticatedError);
  });
});
