import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { freePorts } from '#src/testing/ports.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { unproxied } from '../../support/proxy.js';
import { compileSnippets, programFile, snippetOf } from '../../support/snippets.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const examples = join(root, 'examples');
/** The server that the page about servers shows, and the folder that it is copied to. */
const documented = snippetOf('docs/servers.md', 'server');
let folder = '';
const timeoutMs = 60_000;
const callIntervalMs = 8; // 125 calls per second

/** A server that users copy: it registers itself, and drains on SIGTERM. */
interface Service {
  readonly target: string;
  /** Starts another process of the server. */
  readonly start: (etcd: string) => ChildProcess | Promise<ChildProcess>;
  /** `call()` rejects if the call fails. */
  readonly caller: (client: EtcdClient) => { call: () => Promise<unknown>; close: () => void };
}

const run = (...args: readonly string[]) =>
  spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });

/** The documented server, on a port of its own. */
async function startDocumented(etcd: string): Promise<ChildProcess> {
  const [port = 0] = await freePorts(1);
  const file = join(dirname(programFile(folder, documented)), `server-${port}.mjs`);
  writeFileSync(file, documented.code.replaceAll('127.0.0.1:2379', etcd).replaceAll(':50051', `:${port}`));
  return run(file);
}

/** Calls the greeter by the name of the service, with an ordinary client of grpc-js. */
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
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );
  return { call, close: () => channel.close() };
};

function requesting(target: string) {
  return (client: EtcdClient): ReturnType<Service['caller']> => {
    const directory = new ServiceDirectory(client);
    const unfollow = directory.follow(target, { onView: () => {}, onFailure: () => {} });
    let turn = 0;
    return {
      async call() {
        const { endpoints = [] } = directory.get(target) ?? {};
        const response = await fetch(`http://${endpoints[turn++ % endpoints.length]?.addr}/`);
        await response.text();
      },
      close: unfollow,
    };
  };
}

const protobuf = Buffer.from('\x0a\x01x'); // the name is x
const json = Buffer.from('{"name":"x"}');

const services: Readonly<Record<string, Service>> = {
  'the server of docs/servers.md': {
    target: 'foo/bar/my-service',
    start: startDocumented,
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
  /** The exit code and signal of each replaced process. */
  readonly exits: readonly string[];
}

describe('no call is lost while servers are replaced one by one:', function () {
  this.timeout(timeoutMs * 2);
  const processes: ChildProcess[] = [];
  const outcomes = new Map<string, Promise<Outcome>>();
  let client: EtcdClient | undefined;
  const kill = () => {
    for (const child of processes) child.kill('SIGKILL');
  };

  // Registered before the hooks of useEtcd(), which check for leftovers.
  after('kills the servers', async () => {
    // With --grep, some services have no test that waits for them.
    await Promise.allSettled(outcomes.values());
    kill();
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
    await client?.close();
  });
  const etcd = useEtcd();

  before('starts all services in parallel, because they mostly wait', function () {
    // The services use fixed names, without the prefix of the tests.
    skipUnlessBreakable(this, etcd());
    process.once('exit', kill);
    folder = compileSnippets([documented]);
    client = new EtcdClient({ endpoints: etcd().endpoints });
    registerEtcdResolver(client);
    const caller = client;
    for (const [name, service] of Object.entries(services)) {
      const outcome = roll(service, caller);
      outcome.catch(() => {}); // the test of the service reports the error
      outcomes.set(name, outcome);
    }
  });

  /** Replaces two servers. Each step waits until the new server is registered. */
  async function roll({ target, start, caller }: Service, client: EtcdClient): Promise<Outcome> {
    const manager = new EndpointManager(client, target);
    const add = async (): Promise<ChildProcess> => {
      const before = new Set((await manager.list()).keys());
      const child = await start(etcd().endpoints[0]!);
      processes.push(child);
      const isNew = async () => [...(await manager.list()).keys()].some((key) => !before.has(key));
      await eventually(`another server of ${target} is registered`, isNew, timeoutMs);
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
      timeoutMs,
    );
    const load = new Load(call);
    const exits: string[] = [];
    try {
      for (const old of servers) {
        await add();
        const ended = once(old, 'exit');
        old.kill('SIGTERM');
        exits.push((await ended).join());
        // On a busy machine the timer of the calls is late.
        const wanted = load.calls + 60;
        await eventually('calls after the replacement', () => load.calls >= wanted, timeoutMs);
      }
    } finally {
      await load.stop();
      close();
    }
    return { calls: load.calls, failures: load.failures, exits };
  }

  for (const name of Object.keys(services)) {
    it(name, async () => {
      const { calls, failures, exits } = await outcomes.get(name)!;
      assert.deepEqual(failures.slice(0, 3), [], `${failures.length} of ${calls} failed`);
      assert.ok(calls > 100, `${calls} calls`);
      for (const exit of exits) assert.match(exit, /^(0,|,SIGTERM)$/, exits.join(' '));
    });
  }
});

/** Makes calls at a steady rate, without waiting for their results. */
class Load {
  readonly #timer: NodeJS.Timeout;
  readonly #calls: Promise<void>[] = [];
  readonly failures: string[] = [];

  constructor(call: () => Promise<unknown>) {
    this.#timer = setInterval(() => {
      this.#calls.push(
        call().then(
          () => {},
          (error) => void this.failures.push(`${String(error)} ${String((error as Error).cause ?? '')}`),
        ),
      );
    }, callIntervalMs);
  }

  get calls(): number {
    return this.#calls.length;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#calls);
  }
}
