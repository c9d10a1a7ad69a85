// Workers of node:cluster share one port. SIGHUP replaces them one by one without losing a call, SIGTERM drains them all.
// Usage: node main.js <port> [etcd endpoint]. Under PM2 the code of a worker is the same.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const workerCount = 4;
let isStopping = false; // no worker is started afterwards

if (cluster.isPrimary) await runPrimary();
else await runWorker();

/** Each worker has its own record. The default id of a worker is `<addr>#<worker>`. */
async function runWorker(): Promise<void> {
  // SIGTERM may arrive before the record is stored, and twice: some supervisors send it to every process of a service.
  const stopping = new Promise((resolve) => process.on('SIGTERM', resolve));
  const [port, endpoint = '127.0.0.1:2379'] = process.argv.slice(2);
  const client = new EtcdClient({ endpoints: [endpoint] });
  const { server } = await serveGreeter(`worker ${process.pid}`, 0, Number(port));
  const registration = await registerServer(server, client, {
    target: 'examples/cluster',
    addr: `127.0.0.1:${port}`,
  });
  process.send?.('registered');
  await stopping;
  await registration.drain();
  process.exit();
}

async function runPrimary(): Promise<void> {
  process.on('SIGTERM', async () => {
    if (isStopping) return;
    await stopAll();
    console.log('drained');
  });
  let work = startAll();
  process.on('SIGHUP', () => {
    work = work.then(replaceAll); // one replacement after the other
  });
  await work;
}

async function startAll(): Promise<void> {
  try {
    await Promise.all(Array.from({ length: workerCount }, startWorker));
    console.log('registered');
  } catch (error) {
    if (isStopping) return;
    console.error(String(error));
    process.exitCode = 1;
    await stopAll();
  }
}

/** Replaces each worker, also those that have died meanwhile. */
async function replaceAll(): Promise<void> {
  const old = liveWorkers();
  try {
    for (let i = 0; i < workerCount; i++) {
      await startWorker(); // before the old one stops, so that the number of workers never drops
      const worker = old[i];
      if (worker) await stopWorker(worker);
    }
    console.log('replaced');
  } catch (error) {
    if (!isStopping) console.error(`not replaced: ${error}`);
  }
}

/** Stops every worker, also one that is being started by a replacement. */
async function stopAll(): Promise<void> {
  isStopping = true;
  await Promise.all(liveWorkers().map(stopWorker));
}

function liveWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

/** Resolves when the worker is registered. Rejects if it ends before, or if no worker is to be started. */
async function startWorker(): Promise<void> {
  if (isStopping) throw new Error('the workers are being stopped');
  const worker = cluster.fork();
  const ended = once(worker, 'exit').then(() => {
    throw new Error(`worker ${worker.process.pid} ended before it was registered`);
  });
  await Promise.race([once(worker, 'message'), ended]);
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exit;
}
