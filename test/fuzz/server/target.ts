import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientReport } from '../client/findings.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { LyingServer } from './lying-server.js';

/**
 * What the client may cost. It takes answers of 8 MiB, each of which may be there twice for a moment, and has some
 * twenty calls under way; it makes about 150 calls a second when nothing goes wrong.
 */
const limits = { rssMiB: 512, heapMiB: 200, delayMs: 5_000, requestsPerSecond: 1_000 };
/** After the lies: to recover and to stop, each bounded by itself. */
const endMs = 150_000;

/** An etcd in little that lies, against a client in a process of its own. */
export const serverTarget: FuzzTarget = {
  name: 'server',
  about: 'a server that lies on every method and stream of the client',
  run: async (options) => {
    const server = await LyingServer.start(options.seed);
    options.onStart?.(() => `${sum(server.calls)} calls, ${sum(server.told)} lies`);
    const path = fileURLToPath(new URL('../client/main.js', import.meta.url));
    const client = fork(path, [server.endpoint, String(options.seed)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    try {
      return await play(server, client, options);
    } finally {
      client.kill('SIGKILL');
      await server.close();
    }
  },
};

async function play(
  server: LyingServer,
  client: ChildProcess,
  { seconds }: FuzzOptions,
): Promise<FuzzResult> {
  let said = '';
  client.stderr?.on('data', (bytes) => {
    said = (said + bytes).slice(-4_000);
  });
  let report: ClientReport | undefined;
  client.on('message', (message) => {
    report = message as ClientReport;
  });
  let over = false;
  const ended = once(client, 'exit').then(([code, signal]) => {
    over = true;
    return `${code ?? signal}`;
  });
  await Promise.race([ended, sleep(seconds * 1_000)]);
  server.becomeHonest();
  if (!over && client.connected) client.send('honest');
  const end = await Promise.race([ended, sleep(endMs, 'late', { ref: false })]);
  const failures: string[] = [];
  if (end === 'late') failures.push('hang: the client does not come to its end');
  else if (end !== '0') failures.push(`crash: the client ended with ${end}: ${said}`);
  else if (!report) failures.push('crash: the client ended without a report');
  return { counts: Object.fromEntries(server.told), ...judge(server, report, failures) };
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function judge(server: LyingServer, report: ClientReport | undefined, failures: string[]) {
  const calls = sum(server.calls);
  const figures = [
    `${calls} calls, ${server.mostPerSecond} in the busiest second, ${server.mostOpen} open at once`,
  ];
  const exceeds = (what: string, value: number, limit: number) => {
    if (value > limit) failures.push(`${what}: ${value}, the limit is ${limit}`);
  };
  exceeds('spin, requests in a second', server.mostPerSecond, limits.requestsPerSecond);
  if (report) {
    failures.push(...report.failures);
    if (report.failures.length > 0) figures.push(`connections: ${server.describe()}`);
    exceeds('memory, MiB', report.peakRssMiB, limits.rssMiB);
    exceeds('heap, MiB', report.peakHeapMiB, limits.heapMiB);
    exceeds('event loop delay, ms', report.worstDelayMs, limits.delayMs);
    figures.push(
      `peak memory ${report.peakRssMiB} MiB, heap ${report.peakHeapMiB} MiB; worst delay of the event loop ${report.worstDelayMs} ms; ${report.cpuSeconds} s of processor time`,
      `outcomes: ${Object.entries(report.outcomes)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
  }
  return { figures, failures };
}
