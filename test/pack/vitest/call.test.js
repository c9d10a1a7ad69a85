import { startEtcd } from '@org/etcd-naming/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from './call.js';

let etcd;
beforeAll(async () => {
  etcd = await startEtcd();
}, 60_000);
afterAll(() => etcd?.close());

test('a call by name is answered', async () => {
  const answer = await call(etcd.endpoints[0], process.env.CONSUMER);
  expect(answer).toBe(`hello, ${process.env.CONSUMER}`);
  console.log(answer);
}, 60_000);
