// Runs in a separate process to measure only its own memory: node flood-client.js <endpoint> <receive limit in bytes>.
// Prints the outcome of each call and the growth of memory since a first, failed call.
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';

const [endpoint = '', limit = ''] = process.argv.slice(2);
const timeoutMs = 1_500;
const failure: string[] = [];
process.on('unhandledRejection', (error) => failure.push(`unhandled rejection: ${error}`));
process.on('uncaughtException', (error) => failure.push(`uncaught exception: ${error.stack}`));

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'resolved',
    (error: unknown) =>
      error instanceof EtcdError ? `${error.name} ${error.reason ?? ''}`.trim() : `untyped: ${error}`,
  );

const warmUp = new EtcdClient({ endpoints: ['127.0.0.1:1'], timeoutMs: 100 });
await outcome(warmUp.kv.get('k'));
await warmUp.close();

const before = process.memoryUsage().rss;
let peak = before;
const sampling = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 10);

const client = new EtcdClient({ endpoints: [endpoint], timeoutMs, maxReceiveBytes: Number(limit) });
const start = performance.now();
const abort = new AbortController();
const watcher = client.watch('k', { startRevision: 1n, signal: abort.signal });
watcher.ready.catch(() => {});
const lease = outcome(client.lease.hold({ ttlSeconds: 2 }).then(({ ended }) => ended));
const calls = await Promise.all([outcome(client.kv.get('k')), outcome(client.kv.put('k', 'v'))]);
const tookMs = performance.now() - start;
await lease;
await sleep(Math.max(0, 2_500 - (performance.now() - start))); // nothing reads the watch in this time
abort.abort(new Error('enough'));
await client.close();
clearInterval(sampling);
process.stdout.write(JSON.stringify({ calls, tookMs, grewBytes: peak - before, failure }));
