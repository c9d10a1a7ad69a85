import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientReport } from '../client/findings.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { FaultyServer } from './faulty-server.js';

/**
 * Limits on the client's resources. It accepts answers of 8 MiB, each possibly in memory twice, and has about twenty
 * calls open; without faults it makes about 150 calls a second.
 */
const limits = { rssMiB: 512, heapMiB: 200, delayMs: 5_000, requestsPerSecond: 1_000 };
/** Time for recovery and for stopping, each of which has its own limit. */
const endMs = 150_000;

/** A fake etcd with faults, against a client in a separate process. */
export const serverTarget: FuzzTarget = {
  name: 'server',
  about: 'a server with faults on every method and stream of the client',
  run: async (options) => {
    const server = await FaultyServer.start(options.seed);
    options.onStart?.(() => `${sum(server.calls)} calls, ${sum(server.injected)} faults`);
    const path = fileURLToPath(new URL('../client/main.js', import.meta.url));
    const client = fork(path, [server.endpoint, String(options.seed)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    try {
      return await runClient(server, client, options);
    } finally {
      client.kill('SIGKILL');
      await server.close();
    }
  },
};

async function runClient(
  server: FaultyServer,
  client: ChildProcess,
  { seconds }: FuzzOptions,
): Promise<FuzzResult> {
  let stderr = '';
  client.stderr?.on('data', (bytes) => {
    stderr = (stderr + bytes).slice(-4_000);
  });
  let report: ClientReport | undefined;
  client.on('message', (message) => {
    report = message as ClientReport;
  });
  let hasExited = false;
  const ended = once(client, 'exit').then(([code, signal]) => {
    hasExited = true;
    return `${code ?? signal}`;
  });
  await Promise.race([ended, sleep(seconds * 1_000)]);
  server.stopFaults();
  if (!hasExited && client.connected) client.send('recover');
  const end = await Promise.race([ended, sleep(endMs, 'late', { ref: false })]);
  const failures: string[] = [];
  if (end === 'late') failures.push('hang: the client does not exit');
  else if (end !== '0') failures.push(`crash: the client exited with ${end}: ${stderr}`);
  else if (!report) failures.push('crash: the client exited without a report');
  return { counts: Object.fromEntries(server.injected), ...evaluate(server, report, failures) };
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function evaluate(server: FaultyServer, report: ClientReport | undefined, failures: string[]) {
  const calls = sum(server.calls);
  const figures = [
    `${calls} calls, ${server.mostPerSecond} in the busiest second, ${server.mostOpen} open at the same time`,
  ];
  const exceeds = (what: string, value: number, limit: number) => {
    if (value > limit) failures.push(`${what}: ${value}, the limit is ${limit}`);
  };
  exceeds('request loop, requests in a second', server.mostPerSecond, limits.requestsPerSecond);
  if (report) {
    failures.push(...report.failures);
    if (report.failures.length > 0) figures.push(`connections: ${server.describe()}`);
    exceeds('memory, MiB', report.peakRssMiB, limits.rssMiB);
    exceeds('heap, MiB', report.peakHeapMiB, limits.heapMiB);
    exceeds('event loop delay, ms', report.worstDelayMs, limits.delayMs);
    figures.push(
      `peak memory ${report.peakRssMiB} MiB, heap ${report.peakHeapMiB} MiB; maximum event loop delay ${report.worstDelayMs} ms; ${report.cpuSeconds} s of CPU time`,
      `outcomes: ${Object.entries(report.outcomes)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
  }
  return { figures, failures };
}
