#!/usr/bin/env node
// node bench/watch-recovery.mjs: how fast thousands of watchers recover after a disconnection.
import { parseArgs } from 'node:util';
import { EtcdClient } from '../dist/index.js';
import { startFaultProxy } from '../dist/testing.js';
import { bigEtcd, eventually } from './support.mjs';

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '2000' },
    latency: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    version: { type: 'string' },
  },
});
const latencyMs = Number(values.latency);
const etcd = await bigEtcd(values.version);
const streams = () => etcd.metric('etcd_debugging_mvcc_watch_stream_total');
const watchers = () => etcd.metric('etcd_debugging_mvcc_watcher_total');

await recover(Number(values.watchers));
await etcd.close();

/** Measures from the disconnection, and from the reconnect, until the last watcher is live. */
async function recover(count) {
  const proxy = await startFaultProxy({ target: etcd.endpoints[0] });
  const client = new EtcdClient({ endpoints: [proxy.endpoint] });
  const all = Array.from({ length: count }, (_, i) => client.watch(`resume/${i}`));
  await Promise.all(all.map(({ ready }) => ready));
  let events = 0;
  for (const watcher of all) {
    void (async () => {
      for await (const batch of watcher) events += batch.events.length;
    })().catch(() => {});
  }
  proxy.delay(latencyMs);
  for (let round = 1; round <= Number(values.rounds); round++) {
    const accepted = proxy.accepted;
    const cutAt = performance.now();
    proxy.cut();
    await eventually('the client reconnects', () => proxy.accepted > accepted);
    const dialledAt = performance.now();
    await eventually('all are live', () => all.every(({ live }) => live));
    const end = performance.now();
    console.log(
      `${count} watchers resume with ${latencyMs} ms each way (${2 * latencyMs} ms per round trip), round ${round}: ${Math.round(end - dialledAt)} ms after the reconnect, ${Math.round(end - cutAt)} ms after the cut; ${await streams()} stream, ${await watchers()} watchers on the server`,
    );
  }
  const direct = new EtcdClient({ endpoints: etcd.endpoints });
  for (let i = 0; i < count; i += 500) {
    const some = Array.from({ length: Math.min(500, count - i) }, (_, n) => i + n);
    await Promise.all(some.map((n) => direct.kv.put(`resume/${n}`, 'v')));
  }
  await eventually('every watcher has received its event', () => events === count);
  console.log(`each received one write afterwards: ${events} events`);
  await Promise.all([client.close(), direct.close()]);
  await proxy.close();
  await eventually('no stream is left', async () => (await streams()) === 0 && (await watchers()) === 0);
}
