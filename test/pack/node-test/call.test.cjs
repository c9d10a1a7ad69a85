const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { startEtcd } = require('@org/etcd-naming/testing');
const { call } = require('./call.js');

describe('a call by name', () => {
  let etcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.close());

  it('is answered', async () => {
    const answer = await call(etcd.endpoints[0], process.env.CONSUMER);
    assert.equal(answer, `hello, ${process.env.CONSUMER}`);
    console.log(answer);
  });

  it('uses the modules that an import loads', async () => {
    const imported = await import('@org/etcd-naming');
    assert.equal(require('@org/etcd-naming').EtcdClient, imported.EtcdClient);
  });
});
