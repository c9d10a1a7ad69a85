// Three servers register themselves in a real etcd, and a client dials etcd:///demo/greeter. Calls continue while a
// server is killed, another one joins, and etcd itself is down.
import { EndpointManager, EtcdClient, registerEtcdResolver } from '@org/etcd-naming';
import { type EtcdHandle, startEtcd } from '@org/etcd-naming/testing';
import { Caller } from './caller.js';
import { GreeterProcess } from './greeter-process.js';
import { Outage } from './outage.js';
import { ProgressView } from './progress-view.js';
import { RegistryView } from './registry-view.js';
import { printNextSteps, printSummary, type Timing } from './summary.js';

const target = 'demo/greeter';
const outageMs = 5_000;

const timings: Timing[] = [];

/** Waits until a state is reached, and records how long that took. */
async function until(
  view: ProgressView,
  event: string,
  state: string,
  isReached: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const started = performance.now();
  while (!(await isReached())) {
    if (performance.now() - started > limitMs)
      throw new Error(`not within ${limitMs} ms: ${event}: ${state}`);
    await pause(20);
  }
  const ms = Math.round(performance.now() - started);
  timings.push({ event: `${event}: ${state}`, ms });
  view.reached(state, ms);
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

  view.step('starting three servers; each registers itself with a lease of 5 s');
  const [, second] = await Promise.all(['greeter-a', 'greeter-b', 'greeter-c'].map(start));
  if (!second) throw new Error('no second server');
  caller.start();
  view.show(caller, registry);
  await until(view, 'three servers registered', 'all of them answer', () => caller.answered.size === 3);
  await pause(2_000);

  view.step('SIGKILL to greeter-b: its record remains until its lease expires');
  await second.kill();
  const killed = { address: second.address, at: performance.now() };
  const isDeleted = () => !registry.names.includes('greeter-b');
  await until(view, 'greeter-b killed', 'its record is deleted', isDeleted);

  view.step('starting a fourth server');
  await start('greeter-d');
  await until(view, 'greeter-d registered', 'it answers', () => answers('greeter-d') > 0);
  await pause(1_000);

  view.step(`stopping etcd for ${outageMs / 1000} s: callers keep the last known endpoints`);
  await etcd.stop();
  const outage = new Outage(caller);
  view.outage = outage;
  await until(view, 'etcd stopped', 'calls continue', () => outage.answered > 0);
  await pause(outageMs);
  view.outage = undefined;
  view.step(
    `starting etcd again; while it was away ${outage.answered} calls were answered, ${outage.failed} failed`,
  );
  await etcd.restart();
  const manager = new EndpointManager(client, target);
  const isListed = async () => (await manager.list()).size === 3;
  await until(view, 'etcd started', 'the three running servers are listed', isListed);
  await pause(2_000);

  view.step('SIGTERM to all servers: they delete their records');
  await caller.stop();
  const stopping = Promise.all(servers.map((server) => server.stop()));
  await until(view, 'servers stopped', 'no server is listed', () => registry.names.length === 0);
  await stopping;
  view.end();
  return printSummary(caller, killed, timings);
}

async function main(): Promise<number> {
  const view = new ProgressView();
  const servers: GreeterProcess[] = [];
  const exit = (code: number) => {
    for (const server of servers) void server.kill();
    process.exit(code);
  };
  process.stdout.once('error', () => exit(0)); // the reader of the output has ended: npm run demo | head
  view.step('looking for an etcd: a binary, a Docker engine, or a download');
  await using etcd = await startEtcd();
  view.step(`etcd ${etcd.version} (${etcd.source}) listens at ${etcd.endpoints[0]}`);
  const deadline = setTimeout(() => {
    console.error('the demo did not end within a minute');
    exit(1);
  }, 60_000);
  try {
    const isGood = await runScenario(etcd, view, servers);
    printNextSteps();
    return isGood ? 0 : 1;
  } finally {
    clearTimeout(deadline);
    for (const server of servers) void server.kill();
  }
}

process.exitCode = await main();
