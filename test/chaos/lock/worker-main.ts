// A worker of ours: node worker-main.js <config as JSON>.
import { EtcdClient } from '#src/index.js';
import { nowMs } from '../naming/clock.js';
import { runCandidate } from './candidate.js';
import { Control } from './control.js';
import { type Program, runLocker } from './locker.js';
import { isInQueue } from './log-keys.js';
import type { WorkerConfig } from './messages.js';
import { runObserver } from './observer.js';
import { WireTap } from './wire-tap.js';

const config = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
const control = new Control();
const waiting = new Map<number, string>();
const tap = new WireTap((key) => {
  // Of two requests for one name, either may send it.
  const [request, ...others] = [...waiting].filter(([, name]) => isInQueue('ours', name, key));
  if (request && others.length === 0)
    control.report({ type: 'queued', request: request[0], key, at: nowMs() });
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
