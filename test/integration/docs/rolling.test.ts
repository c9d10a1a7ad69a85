import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { freePorts } from '#src/testing/ports.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { unproxied } from '../../support/proxy.js';
import { compileSnippets, readmeSnippets } from '../../support/snippets.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const examples = join(root, 'build', 'examples');
/** Where the README's server is compiled. */
let folder = '';
const patienceMs = 60_000;
const everyMs = 8; // 125 calls per second

/** What people copy: a server that registers itself, and goes on SIGTERM. */
interface Service {
  readonly target: string;
  /** Starts one more process of it. */
  readonly start: (etcd: string) => ChildProcess | Promise<ChildProcess>;
  /** One call, that rejects when it fails. */
  readonly caller: (client: EtcdClient) => { call: () => Promise<unknown>; close: () => void };
}

const run = (...args: readonly string[]) =>
  spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });

/** The README's server, on a port of its own. */
async function startReadme(etcd: string): Promise<ChildProcess> {
  const [port = 0] = await freePorts(1);
  const file = join(folder, 'out', `server-${port}.js`);
  const code = readFileSync(join(folder, 'out', 'server.js'), 'utf8');
  writeFileSync(file, code.replaceAll('127.0.0.1:2379', etcd).replaceAll(':50051', `:${port}`));
  return run(file);
}

/** Calls of the greeter by the service's name, as any client of grpc-js makes them. */
const greeting = (target: string, request: Buffer) => (): ReturnType<Service['caller']> => {
  const channel = new Client(`etcd:///${target}`, credentials.createInsecure(), unproxied);
  const same = (bytes: Buffer) => bytes;
  const call = () =>
    new Promise((resolve, reject) =>
      channel.makeUnaryRequest(
        '/greeter.Greeter/SayHello',
        same,
        same,
        request,
        { deadline: Date.now() + patienceMs },
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );
  return { call, close: () => channel.close() };
};

function requesting(target: string) {
  return (client: EtcdClient): ReturnType<Service['caller']> => {
    const directory = new ServiceDirectory(client);
    const leave = directory.follow(target, { onView: () => {}, onFailure: () => {} });
    let turn = 0;
    return {
      async call() {
        const { endpoints = [] } = directory.get(target) ?? {};
        const response = await fetch(`http://${endpoints[turn++ % endpoints.length]?.addr}/`);
        await response.text();
      },
      close: leave,
    };
  };
}

const protobuf = Buffer.from('\x0a\x01x'); // the name is x
const json = Buffer.from('{"name":"x"}');

const services: Readonly<Record<string, Service>> = {
  'the README’s server': {
    target: 'foo/bar/my-service',
    start: startReadme,
    caller: greeting('foo/bar/my-service', json),
  },
  'examples/drain': {
    target: 'examples/drain',
    start: (etcd) => run(join(examples, 'drain/main.js'), etcd),
    caller: greeting('examples/drain', protobuf),
  },
  'examples/demo': {
    target: 'demo/greeter',
    start: (etcd) => run(join(examples, 'demo/server.js'), `greeter-${started++}`, etcd),
    caller: greeting('demo/greeter', protobuf),
  },
  'examples/nest': {
    target: 'examples/nest',
    start: (etcd) => run(join(examples, 'nest/server.js'), etcd),
    caller: greeting('examples/nest', protobuf),
  },
  'examples/directory-http': {
    target: 'examples/http',
    start: (etcd) => run(join(examples, 'directory-http/server.js'), etcd),
    caller: requesting('examples/http'),
  },
};
let started = 0;

interface Outcome {
  readonly calls: number;
  readonly failures: readonly string[];
  /** How the processes that were replaced ended. */
  readonly ends: readonly string[];
}

describe('servers that are replaced one by one under load lose no call', function () {
  this.timeout(patienceMs * 2);
  const processes: ChildProcess[] = [];
  const outcomes = new Map<string, Promise<Outcome>>();
  let client: EtcdClient | undefined;
  const kill = () => {
    for (const child of processes) child.kill('SIGKILL');
  };

  // Before those of etcd, which looks for what is left.
  after('the servers are gone', async () => {
    kill();
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
    await client?.close();
  });
  const etcd = useEtcd();

  before('all services at once, since most of the time is spent waiting', function () {
    // They use names of their own, under no prefix of ours.
    skipUnlessBreakable(this, etcd());
    process.once('exit', kill);
    folder = compileSnippets(new Map([['server', readmeSnippets().get('server') ?? '']]));
    client = new EtcdClient({ endpoints: etcd().endpoints });
    registerEtcdResolver(client);
    const caller = client;
    for (const [name, service] of Object.entries(services)) {
      const outcome = roll(service, caller);
      outcome.catch(() => {}); // its test reports it
      outcomes.set(name, outcome);
    }
  });

  /** Replaces two servers; each step waits until the new one is registered. */
  async function roll({ target, start, caller }: Service, client: EtcdClient): Promise<Outcome> {
    const manager = new EndpointManager(client, target);
    const add = async (): Promise<ChildProcess> => {
      const before = new Set((await manager.list()).keys());
      const child = await start(etcd().endpoints[0]!);
      processes.push(child);
      const isNew = async () => [...(await manager.list()).keys()].some((key) => !before.has(key));
      await eventually(`one more of ${target} is registered`, isNew, patienceMs);
      return child;
    };
    const servers = [await add(), await add()];
    const { call, close } = caller(client);
    await eventually(
      `${target} answers`,
      () =>
        call().then(
          () => true,
          () => false,
        ),
      patienceMs,
    );
    const load = new Load(call);
    const ends: string[] = [];
    for (const old of servers) {
      await add();
      const ended = once(old, 'exit');
      old.kill('SIGTERM');
      ends.push((await ended).join());
    }
    const { calls, failures } = await load.stop();
    close();
    return { calls, failures, ends };
  }

  for (const name of Object.keys(services)) {
    it(name, async () => {
      const { calls, failures, ends } = await outcomes.get(name)!;
      assert.deepEqual(failures.slice(0, 3), [], `${failures.length} of ${calls} failed`);
      assert.ok(calls > 100, `${calls} calls`);
      for (const end of ends) assert.match(end, /^(0,|,SIGTERM)$/, ends.join(' '));
    });
  }
});

/** Calls at a steady pace, whatever becomes of them. */
class Load {
  readonly #timer: NodeJS.Timeout;
  readonly #under: Promise<void>[] = [];
  readonly #failures: string[] = [];

  constructor(call: () => Promise<unknown>) {
    this.#timer = setInterval(() => {
      this.#under.push(
        call().then(
          () => {},
          (error) => void this.#failures.push(`${String(error)} ${String((error as Error).cause ?? '')}`),
        ),
      );
    }, everyMs);
  }

  async stop(): Promise<{ calls: number; failures: readonly string[] }> {
    clearInterval(this.#timer);
    await Promise.all(this.#under);
    return { calls: this.#under.length, failures: this.#failures };
  }
}
