// A server of the run: node server.js <config as JSON>. SIGTERM drains it and ends the process.
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient, type Registration, registerServer } from '#src/index.js';
import { type Report, type ServerConfig, service } from './messages.js';
import { startServer } from './rpc.js';

const { endpoints, ttlSeconds, reportsWeight } = JSON.parse(process.argv[2] ?? '') as ServerConfig;
const report = (of: Report) => void process.send?.(of);
process.once('disconnect', () => process.exit());

const client = new EtcdClient({ endpoints });
const { server, addr } = await startServer(0);
const options = { target: service, addr, metadata: { weight: 100 }, ttlSeconds };
const registration = await registerServer(server, client, options);
process.once('SIGTERM', async () => {
  await registration.drain();
  await client.close();
  process.exit();
});
report({ type: 'registered', addr });
if (reportsWeight) await reportWeights(registration);

/** Also runs while the server drains, because a reporter does not know about that. Updates overlap. */
async function reportWeights(of: Registration): Promise<void> {
  let count = 0;
  while (of.state !== 'closed') {
    await sleep(50 + Math.random() * 150);
    const weight = 50 + Math.floor(Math.random() * 100);
    of.update({ metadata: { weight } }).catch((error: Error) => {
      if (of.state !== 'closed') report({ type: 'rejected-update', error: error.name });
    });
    if (++count % 20 === 0) report({ type: 'updates', count: 20 });
  }
}
