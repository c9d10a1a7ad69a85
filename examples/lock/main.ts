// Three workers count with a lock, and one of them loses it: its late write is not applied.
// Usage: node main.js [etcd endpoint]
import { EtcdClient, LockLostError, op } from '@org/etcd-naming';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const name = 'examples/lock';
const counter = 'examples/lock-counter';

/** Stands for a process: a client of its own. */
async function work(worker: string, rounds: number): Promise<void> {
  await using client = new EtcdClient({ endpoints: [endpoint] });
  for (let i = 0; i < rounds; i++) {
    await client.withLock(name, async (lock) => {
      const { kv } = await client.kv.get(counter);
      const next = Number(kv?.value ?? 0) + 1;
      // Not kv.put(): the lock may be lost since the read, and another worker may have counted.
      await lock.txn({ success: [op.put(counter, String(next))] });
      console.log(`${worker} counted ${next}, token ${lock.token}`);
    });
  }
}

/** A worker that is too slow: an operator takes the lock from it. */
async function workTooLong(client: EtcdClient): Promise<void> {
  await using lock = await client.lock(name);
  const { holder } = await client.lockQueue(name);
  if (holder) await client.kv.delete(holder.key);
  try {
    await lock.txn({ success: [op.put(counter, 'a late value')] });
  } catch (error) {
    if (!(error instanceof LockLostError)) throw error;
    console.log(`not applied: ${error.message}`);
  }
}

await using client = new EtcdClient({ endpoints: [endpoint] });
await client.kv.delete(counter);
await Promise.all(['a', 'b', 'c'].map((worker) => work(worker, 3)));
await workTooLong(client);
const { kv } = await client.kv.get(counter);
console.log(`nine rounds, counted ${kv?.value}`);
