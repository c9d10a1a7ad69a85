import assert from 'node:assert/strict';
import { startEtcd } from '@org/etcd-naming/testing';
import { call } from './call.js';

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
});
