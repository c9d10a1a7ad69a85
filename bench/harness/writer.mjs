// The process that writes: transactions as fast as etcd takes them, or changes at a rate.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, stubs } from '../contestants/raw.mjs';
import { keyOf, put } from './load.mjs';
import { ownTask } from './processes.mjs';

const { address, prefix, perTxn } = ownTask();
const { KV } = stubs(address);
const { path, requestSerialize, responseDeserialize } = KV.Txn;
// Encoded once: on a machine with few cores, the writer should take little from etcd.
const encoded = requestSerialize({
  success: Array.from({ length: perTxn ?? 0 }, (_, i) => put(keyOf(prefix, i))),
});
const inFlight = 8;

process.on('message', async ({ txns, changes }) => {
  if (txns !== undefined) await write(txns);
  else process.send({ perSecond: await change(changes) });
});
await ask(KV, 'Range', { key: Buffer.from(prefix) });
process.send({ ready: true });

async function write(txns) {
  let left = txns;
  const loop = async () => {
    while (left-- > 0) await send(encoded);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

function send(bytes) {
  return new Promise((resolve, reject) => {
    KV.makeUnaryRequest(
      path,
      (request) => request,
      responseDeserialize,
      bytes,
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

/** Deletes a record and puts it back, in turn; in the end every record is there. Resolves to the rate that was reached. */
async function change({ count, perSecond, seconds, record }) {
  const total = perSecond * seconds;
  const began = performance.now();
  for (let made = 0; made < total; made++) {
    // 7919 is prime: the changes are spread over all records.
    const i = ((made >> 1) * 7919) % count;
    const key = Buffer.from(`${prefix}${i}`);
    if (made % 2 === 0) await ask(KV, 'DeleteRange', { key });
    else await ask(KV, 'Put', { key, value: Buffer.from(record.replace('#', i)) });
    const due = began + ((made + 1) * 1_000) / perSecond;
    if (performance.now() < due) await sleep(due - performance.now());
  }
  return (total / (performance.now() - began)) * 1_000;
}
