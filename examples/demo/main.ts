// Three servers register themselves in a real etcd, and a client dials etcd:///demo/greeter. Calls continue while a
// server is killed, another one joins, and etcd itself is down.
import { EndpointManager, EtcdClient, registerEtcdResolver } from '@org/etcd-naming';
import { type EtcdHandle, startEtcd } from '@org/etcd-naming/testing';
import { Caller, type FailedCall } from './caller.js';
import { GreeterProcess } from './greeter-process.js';

import { ProgressView } from './progress-view.js';
import { RegistryView } from './registry-view.js';

const target = 'demo/greeter';
const outageMs = 5_000;

/** How long it took from each event until the expected state. */
const times: { readonly event: string; readonly ms: number }[] = [];

async function until(
  event: string,
  isReached: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const started = performance.now();
  while (!(await isReached())) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${event}`);
    await pause(20);
  }
  times.push({ event, ms: Math.round(performance.now() - started) });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function runScenario(
  etcd: EtcdHandle,
  view: ProgressView,
  servers: GreeterProcess[],
): Promise<boolean> {
  const [endpoint = ''] = etcd.endpoints;
  await using client = new EtcdClient({ endpoints: [endpoint] });
  using _resolver = registerEtcdResolver(client);
  using registry = new RegistryView(client, target);
  const caller = new Caller(target);
  const answers = (name: string) => caller.answered.get(name) ?? 0;
  const start = async (name: string) => {
    const server = await GreeterProcess.start(name, endpoint);
    servers.push(server);
    return server;
  };

  view.log('starting three servers; each registers itself with a lease of 5 s');
  const [, second] = await Promise.all(['greeter-a', 'greeter-b', 'greeter-c'].map(start));
  if (!second) throw new Error('no second server');
  caller.start();
  view.show(caller, registry);
  await until('three servers registered: all of them answer', () => caller.answered.size === 3);
  await pause(2_000);

  view.log('SIGKILL to greeter-b: its record remains until its lease expires');
  await second.kill();
  const killedAt = performance.now();
  await until('greeter-b killed: its record is deleted', () => !registry.names.includes('greeter-b'));

  view.log('starting a fourth server');
  await start('greeter-d');
  await until('greeter-d registered: it answers', () => answers('greeter-d') > 0);
  await pause(1_000);

  view.log(`stopping etcd for ${outageMs / 1000} s: calls continue with the last known endpoints`);
  await etcd.stop();
  const [answeredBefore, failedBefore] = [caller.answeredCount, caller.failed.length];
  await until('etcd stopped: calls continue', () => caller.answeredCount > answeredBefore);
  await pause(outageMs);
  const [answered, failed] = [caller.answeredCount - answeredBefore, caller.failed.length - failedBefore];
  view.log(`starting etcd again; while it was down ${answered} calls were answered and ${failed} failed`);
  await etcd.restart();
  const manager = new EndpointManager(client, target);
  await until(
    'etcd started: the three running servers are listed',
    async () => (await manager.list()).size === 3,
  );
  await pause(2_000);

  view.log('SIGTERM to all servers: they delete their records');
  await caller.stop();
  const stopping = Promise.all(servers.map((server) => server.stop()));
  await until('servers stopped: no server is listed', () => registry.names.length === 0);
  await stopping;
  view.end();
  return printSummary(caller, second.address, killedAt);
}

/** Prints the results. Returns false if a call failed that was not in progress on the killed server. */
function printSummary(caller: Caller, killed: string, killedAt: number): boolean {
  const wasInProgress = ({ peer, startedAt }: FailedCall) => peer === killed && startedAt <= killedAt;
  const expected = caller.failed.filter(wasInProgress);
  const unexpected = caller.failed.filter((call) => !wasInProgress(call));
  console.log('\nTime from each event to the expected state:');
  for (const { event, ms } of times) console.log(`  ${String(ms).padStart(6)} ms  ${event}`);
  console.log('\nSummary:');
  for (const [name, count] of [...caller.answered].sort())
    console.log(`  ${String(count).padStart(6)} calls answered by ${name}`);
  console.log(`  ${String(caller.made).padStart(6)} calls made`);
  console.log(
    `  ${String(expected.length).padStart(6)} calls failed that were in progress on the killed server`,
  );
  console.log(`  ${String(unexpected.length).padStart(6)} other calls failed`);
  for (const { peer, text } of unexpected.slice(0, 5)) console.log(`          ${peer}: ${text}`);
  return unexpected.length === 0 && caller.answered.size === 4;
}

async function main(): Promise<number> {
  const view = new ProgressView();
  const servers: GreeterProcess[] = [];
  view.log('looking for an etcd: a binary, a Docker engine, or a download');
  await using etcd = await startEtcd();
  view.log(`etcd ${etcd.version} (${etcd.source}) listens at ${etcd.endpoints[0]}`);
  const deadline = setTimeout(() => {
    console.error('the demo did not end within a minute');
    for (const server of servers) void server.kill();
    process.exit(1);
  }, 60_000);
  try {
    return (await runScenario(etcd, view, servers)) ? 0 : 1;
  } finally {
    clearTimeout(deadline);
    for (const server of servers) void server.kill();
  }
}

process.exitCode = await main();
