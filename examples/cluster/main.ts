// Workers of node:cluster that share one port, replaced one by one on SIGHUP without a call lost:
// `node main.js <port> [etcd endpoint]`. With PM2 the part of a worker is the same.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { EtcdClient, registerServer } from '@org/etcd-naming';
import { serveGreeter } from '../greeter/serve.js';

const workerCount = 4;

if (cluster.isPrimary) await lead();
else await work();

/** Each worker has a record of its own, `<target>/<addr>#<worker>`: the default id of a worker. */
async function work(): Promise<void> {
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

async function lead(): Promise<void> {
  let workers = await Promise.all(Array.from({ length: workerCount }, start));
  console.log('registered');
  process.on('SIGHUP', async () => {
    for (const old of workers) {
      const next = await start(); // first the new one, so that there are never fewer
      await stop(old);
      workers = workers.map((one) => (one === old ? next : one));
    }
    console.log('replaced');
  });
  process.once('SIGTERM', async () => {
    await Promise.all(workers.map(stop));
    console.log('drained');
  });
}

async function start(): Promise<Worker> {
  const worker = cluster.fork();
  await once(worker, 'message'); // it is registered
  return worker;
}

async function stop(worker: Worker): Promise<void> {
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exit;
}
