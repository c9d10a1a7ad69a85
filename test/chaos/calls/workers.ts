// Workers of a node:cluster that share one port: node workers.js <config as JSON>.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EtcdClient, registerServer } from '#src/index.js';
import { nowMs } from '../naming/clock.js';
import { type Command, type Report, service, type WorkersConfig } from './messages.js';
import { startServer } from './rpc.js';

const config = JSON.parse(process.argv[2] ?? '') as WorkersConfig;
if (cluster.isPrimary) await runPrimary();
else await runWorker(Number(process.env['SHARED_PORT']));

async function runWorker(port: number): Promise<void> {
  const client = new EtcdClient({ endpoints: config.endpoints });
  const { server, addr } = await startServer(port);
  const registration = await registerServer(server, client, {
    target: service,
    addr,
    ttlSeconds: config.ttlSeconds,
  });
  process.once('SIGTERM', async () => {
    await registration.drain();
    await client.close();
    process.exit();
  });
  process.send?.('registered');
}

async function runPrimary(): Promise<void> {
  const report = (of: Report) => void process.send?.(of);
  process.once('disconnect', () => process.exit());
  const port = await freePort();
  const addr = `127.0.0.1:${port}`;
  const workers = await Promise.all(Array.from({ length: config.workers }, () => start(port)));
  report({ type: 'registered', addr });
  const execute = async (command: Command) => {
    if (command === 'roll') {
      for (const [i, worker] of workers.entries()) workers[i] = await replace(worker, port);
      return report({ type: 'rolled' });
    }
    const i = Math.floor(Math.random() * workers.length);
    report({ type: 'killing', addr, at: nowMs() });
    workers[i]?.process.kill('SIGKILL');
    workers[i] = await start(port);
    report({ type: 'restarted' });
  };
  process.on('message', (command: Command) => {
    execute(command).catch((error: Error) =>
      report({ type: 'failure', text: `workers, ${command}: ${error.message}` }),
    );
  });
}

/** Stops the old worker first, so that three remain meanwhile. */
async function replace(worker: Worker, port: number): Promise<Worker> {
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await gone;
  return start(port);
}

/** Resolves when the worker is registered. */
async function start(port: number): Promise<Worker> {
  const worker = cluster.fork({ SHARED_PORT: String(port) });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('exit', (code) => reject(new Error(`a worker exited with ${code} before it was registered`)));
  });
  return worker;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
