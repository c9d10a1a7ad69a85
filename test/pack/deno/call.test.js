import { startEtcd } from '@org/etcd-naming/testing';
import { call } from './call.js';

Deno.test('a call by name is answered', async () => {
  const etcd = await startEtcd();
  try {
    const answer = await call(etcd.endpoints[0], process.env.CONSUMER);
    if (answer !== `hello, ${process.env.CONSUMER}`) throw new Error(answer);
    console.log(answer);
  } finally {
    await etcd.close();
  }
});
