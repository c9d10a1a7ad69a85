// Three candidates lead in turns, an observer follows, and the late write of a former leader is not applied.
// Usage: node main.js [etcd endpoint]
import { EtcdClient, LockLostError, op } from '@org/etcd-naming';

const [endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
const name = 'examples/election';
const writtenBy = 'examples/election-written-by';

/** Stands for a process: a client of its own. It leads once. */
async function takePart(candidate: string): Promise<void> {
  await using client = new EtcdClient({ endpoints: [endpoint] });
  for await (const term of client.election.campaign(name, candidate)) {
    await term.txn({ success: [op.put(writtenBy, candidate)] }); // applied only while the term lasts
    await term.proclaim(`${candidate}, ready`);
    console.log(`${candidate} has written, token ${term.token}`);
    break; // resigns
  }
}

/** A leader that an operator removes, and that does not notice in time. */
async function leadTooLong(client: EtcdClient): Promise<void> {
  for await (const term of client.election.campaign(name, 'slow')) {
    const leader = await client.election.leader(name);
    if (leader) await client.kv.delete(leader.key);
    try {
      await term.txn({ success: [op.put(writtenBy, 'slow')] });
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      console.log(`not applied: ${error.message}`);
    }
    break;
  }
}

/** Prints who leads until there is no leader any more. */
async function observe(client: EtcdClient): Promise<void> {
  let hasStarted = false;
  for await (const leader of client.election.observe(name)) {
    console.log(leader ? `observed: ${leader.value} leads` : 'observed: no leader');
    if (!leader && hasStarted) break;
    hasStarted ||= leader !== undefined;
  }
}

await using client = new EtcdClient({ endpoints: [endpoint] });
await client.kv.delete(writtenBy);
const observed = observe(client);
await Promise.all(['a', 'b', 'c'].map(takePart));
await observed;
await leadTooLong(client);
console.log(`written by ${(await client.kv.get(writtenBy)).kv?.value}`);
