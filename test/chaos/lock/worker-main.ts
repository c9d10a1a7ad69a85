// A worker of ours: node worker-main.js <config as JSON>.
import { EtcdClient } from '#src/index.js';
import { nowMs } from '../naming/clock.js';
import { runCandidate } from './candidate.js';
import { Control } from './control.js';
import { type Program, runLocker } from './locker.js';
import type { WorkerConfig } from './messages.js';
import { runObserver } from './observer.js';
import { Waiting } from './waiting.js';
import { WireTap } from './wire-tap.js';

const config = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
const control = new Control();
const waiting = new Waiting();
const tap = new WireTap((key) => {
  const requests = waiting.requestsOf(key);
  const type = requests.length === 1 ? 'queued' : 'maybe-queued';
  for (const request of requests) control.report({ type, request, key, at: nowMs() });
});
const keepaliveOptions = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };
const client = new EtcdClient({ endpoints: config.endpoints, ...keepaliveOptions });
let requests = 0;
const program: Program = { client, control, tap, config, nextRequest: () => requests++, waiting };

if (config.role === 'observer') await Promise.all(config.names.map((name) => runObserver(program, name)));
else {
  const run = config.role === 'lock' ? runLocker : runCandidate;
  await Promise.all(Array.from({ length: config.loops }, (_, loop) => run(program, loop)));
  // The client stays open: what it keeps alive by mistake is found in etcd.
  control.report({ type: 'drained', at: nowMs() });
}
