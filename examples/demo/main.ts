// The main job, seen: three servers register themselves in a real etcd, a client dials etcd:///demo/greeter, and calls
// flow on while a server is killed, another one joins, and etcd itself is away.
import { EndpointManager, EtcdClient, registerEtcdResolver } from '@org/etcd-naming';
import { type EtcdHandle, startEtcd } from '@org/etcd-naming/testing';
import { Caller, type FailedCall } from './caller.js';
import { GreeterProcess } from './greeter-process.js';
import { Picture } from './picture.js';
import { RegistryView } from './registry-view.js';

const target = 'demo/greeter';
const outageMs = 5_000;

/** From an event to the moment when the picture is right. */
const times: { readonly event: string; readonly ms: number }[] = [];

async function until(
  event: string,
  isRight: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const started = performance.now();
  while (!(await isRight())) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${event}`);
    await pause(20);
  }
  times.push({ event, ms: Math.round(performance.now() - started) });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function play(etcd: EtcdHandle, picture: Picture, servers: GreeterProcess[]): Promise<boolean> {
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

  picture.say('starting three servers; each registers itself under a lease of 5 s');
  const [, second] = await Promise.all(['greeter-a', 'greeter-b', 'greeter-c'].map(start));
  if (!second) throw new Error('no second server');
  caller.start();
  picture.show(caller, registry);
  await until('three servers registered: all of them answer', () => caller.answered.size === 3);
  await pause(2_000);

  picture.say('SIGKILL for greeter-b: it does not deregister, so its lease has to expire');
  await second.kill();
  const killedAt = performance.now();
  await until('greeter-b killed: its record is gone', () => !registry.names.includes('greeter-b'));

  picture.say('starting a fourth server');
  await start('greeter-d');
  await until('greeter-d registered: it answers', () => answers('greeter-d') > 0);
  await pause(1_000);

  picture.say(`stopping etcd for ${outageMs / 1000} s: calls go on with the last known endpoints`);
  await etcd.stop();
  const [answeredBefore, failedBefore] = [caller.answers, caller.failed.length];
  await until('etcd stopped: calls go on', () => caller.answers > answeredBefore);
  await pause(outageMs);
  const [answered, failed] = [caller.answers - answeredBefore, caller.failed.length - failedBefore];
  picture.say(`starting etcd again; while it was away ${answered} calls were answered and ${failed} failed`);
  await etcd.restart();
  const manager = new EndpointManager(client, target);
  await until(
    'etcd back: the three living servers are listed',
    async () => (await manager.list()).size === 3,
  );
  await pause(2_000);

  picture.say('SIGTERM for all servers: they take their records back');
  await caller.stop();
  const stopping = Promise.all(servers.map((server) => server.stop()));
  await until('servers stopped: the picture is empty', () => registry.names.length === 0);
  await stopping;
  picture.end();
  return summary(caller, second.address, killedAt);
}

/** Calls under way on the killed server may fail; any other failure fails the demo. */
function summary(caller: Caller, killed: string, killedAt: number): boolean {
  const wasUnderWay = ({ peer, startedAt }: FailedCall) => peer === killed && startedAt <= killedAt;
  const excused = caller.failed.filter(wasUnderWay);
  const unexcused = caller.failed.filter((call) => !wasUnderWay(call));
  console.log('\nFrom the event to the right picture:');
  for (const { event, ms } of times) console.log(`  ${String(ms).padStart(6)} ms  ${event}`);
  console.log('\nSummary:');
  for (const [name, count] of [...caller.answered].sort())
    console.log(`  ${String(count).padStart(6)} calls answered by ${name}`);
  console.log(`  ${String(caller.made).padStart(6)} calls made`);
  console.log(
    `  ${String(excused.length).padStart(6)} calls failed that were under way on the killed server`,
  );
  console.log(`  ${String(unexcused.length).padStart(6)} calls failed otherwise`);
  for (const { peer, text } of unexcused.slice(0, 5)) console.log(`          ${peer}: ${text}`);
  return unexcused.length === 0 && caller.answered.size === 4;
}

async function main(): Promise<number> {
  const picture = new Picture();
  const servers: GreeterProcess[] = [];
  picture.say('looking for an etcd: a binary, a Docker engine, or one fetched into the cache');
  await using etcd = await startEtcd();
  picture.say(`etcd ${etcd.version} (${etcd.source}) listens on ${etcd.endpoints[0]}`);
  const deadline = setTimeout(() => {
    console.error('the demo did not end within a minute');
    for (const server of servers) void server.kill();
    process.exit(1);
  }, 60_000);
  try {
    return (await play(etcd, picture, servers)) ? 0 : 1;
  } finally {
    clearTimeout(deadline);
    for (const server of servers) void server.kill();
  }
}

process.exitCode = await main();
