// Workers of node:cluster share one port. SIGHUP replaces them one by one without losing a call.
// Usage: node main.js <port> [etcd endpoint]. Under PM2 the code of a worker is the same.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const workerCount = 4;

if (cluster.isPrimary) await runPrimary();
else await runWorker();

/** Each worker has its own record. The default id of a worker is `<addr>#<worker>`. */
async function runWorker(): Promise<void> {
  const [port, endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
  const client = new EtcdClient({ endpoints: [endpoint] });
  const { server } = await serveGreeter(`worker ${process.pid}`, 0, Number(port));
  const registration = await registerServer(server, client, {
    target: 'examples/cluster',
    addr: `127.0.0.1:${port}`,
  });
  process.once('SIGTERM', () => registration.drain().finally(() => process.exit()));
  process.send?.('registered');
}

async function runPrimary(): Promise<void> {
  let workers = await Promise.all(Array.from({ length: workerCount }, startWorker));
  console.log('registered');
  process.on('SIGHUP', async () => {
    for (const old of workers) {
      const replacement = await startWorker(); // before the old one stops, so that the number of workers never drops
      await stopWorker(old);
      workers = workers.map((worker) => (worker === old ? replacement : worker));
    }
    console.log('replaced');
  });
  process.once('SIGTERM', async () => {
    await Promise.all(workers.map(stopWorker));
    console.log('drained');
  });
}

async function startWorker(): Promise<Worker> {
  const worker = cluster.fork();
  await once(worker, 'message'); // sent after it is registered
  return worker;
}

async function stopWorker(worker: Worker): Promise<void> {
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exit;
}
