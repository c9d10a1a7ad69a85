import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { freePorts } from '#src/testing/ports.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';
import { unproxied } from '../../support/proxy.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

const program = fileURLToPath(new URL('../../../../examples/cluster/main.js', import.meta.url));
const target = 'examples/cluster';
const timeoutMs = 90_000;
const everyMs = 10;
const name = Buffer.from('\x0a\x01x'); // the name is x

describe('workers of node:cluster that share a port', function () {
  this.timeout(timeoutMs * 2);
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let primary: ChildProcess;
  let text = '';

  before(function () {
    // The example uses a fixed service name, without the test's prefix.
    skipUnlessBreakable(this, etcd());
  });

  afterEach(async () => {
    primary?.kill('SIGKILL'); // its workers end with it
    await opened.close();
  });

  const prints = (what: string) =>
    eventually(`the program prints '${what}'`, () => text.includes(what), timeoutMs);

  async function startPrimary(): Promise<number> {
    text = '';
    const [port = 0] = await freePorts(1);
    primary = spawn(process.execPath, [program, String(port), etcd().endpoints[0]!], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    primary.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await prints('registered');
    return port;
  }

  /** Sends SIGTERM: the primary ends with all its workers, whose records are deleted. */
  async function stops(manager: EndpointManager): Promise<void> {
    const exit = once(primary, 'exit');
    primary.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null], text);
    assert.match(text, /drained\n$/);
    assert.equal((await manager.list()).size, 0);
  }

  /** Starts the replacement of all workers, and resolves after so many changes of their records. */
  async function replaces(manager: EndpointManager, changes: number): Promise<void> {
    let seen = -1; // the first event has the records before it
    for await (const _ of manager.watch()) {
      if (++seen === 0) primary.kill('SIGHUP');
      if (seen === changes) return;
    }
  }

  function caller(client: EtcdClient, scheme: string, balance: object | undefined) {
    opened.add(registerEtcdResolver(client, { scheme, ...(balance ? { balance } : {}) }), (one) =>
      one[Symbol.dispose](),
    );
    const channel = new Client(`${scheme}:///${target}`, credentials.createInsecure(), unproxied);
    opened.add(channel, (one) => one.close());
    const same = (bytes: Buffer) => bytes;
    const deadline = () => Date.now() + timeoutMs;
    return () =>
      new Promise<Buffer | undefined>((resolve, reject) =>
        channel.makeUnaryRequest(
          '/greeter.Greeter/SayHello',
          same,
          same,
          name,
          { deadline: deadline() },
          (error, answer) => (error ? reject(error) : resolve(answer)),
        ),
      );
  }

  it('have one record each, and are replaced one by one without a failed call', async () => {
    const port = await startPrimary();
    const client = opened.client(etcd().endpoints);
    const manager = new EndpointManager(client, target);
    const records = await manager.list();
    assert.equal(records.size, 4, [...records.keys()].join(' '));
    for (const [key, { addr }] of records) {
      assert.equal(addr, `127.0.0.1:${port}`);
      assert.match(key, /^examples\/cluster\/127\.0\.0\.1:\d+#\d+$/);
    }

    const calls = [caller(client, 'etcdplain', undefined), caller(client, 'etcdweighted', {})];
    const failures: string[] = [];
    const pending: Promise<void>[] = [];
    const servers = new Set<string>();
    const timer = setInterval(() => {
      for (const call of calls)
        pending.push(
          call().then(
            (answer) => void servers.add(String(answer)),
            (error: Error) => void failures.push(error.message),
          ),
        );
    }, everyMs);
    opened.add(timer, clearInterval);
    let fewest = 4;
    const counting = new AbortController();
    const counted = (async () => {
      for await (const _ of manager.watch({ signal: counting.signal }))
        fewest = Math.min(fewest, (await manager.list()).size);
    })().catch(() => {});

    primary.kill('SIGHUP');
    await prints('replaced');
    clearInterval(timer);
    await Promise.all(pending);
    counting.abort();
    await counted;
    console.log(
      `      ${pending.length} calls to ${servers.size} workers, ${failures.length} failed; at least ${fewest} records`,
    );
    assert.deepEqual(failures.slice(0, 3), [], `${failures.length} of ${pending.length} failed`);
    assert.ok(pending.length > 300, `${pending.length} calls`);
    assert.ok(fewest >= 4, `${fewest} records`);
    const keys = [...(await manager.list()).keys()];
    assert.equal(keys.filter((key) => records.has(key)).length, 0, 'all records were replaced');

    await stops(manager);
  });

  for (const changes of [1, 2, 7])
    it(`end on SIGTERM during a replacement, after ${changes} changes of the records`, async () => {
      await startPrimary();
      const manager = new EndpointManager(opened.client(etcd().endpoints), target);
      await replaces(manager, changes);
      await stops(manager);
      assert.doesNotMatch(text, /replaced/);
    });

  it('are four after a second SIGHUP and the death of a worker during a replacement', async () => {
    await startPrimary();
    const client = opened.client(etcd().endpoints);
    const manager = new EndpointManager(client, target);
    const before = await manager.list();
    const call = caller(client, 'etcdkilled', undefined);
    await replaces(manager, 1);
    const [, pid] = /worker (\d+)/.exec(String(await call())) ?? [];
    process.kill(Number(pid), 'SIGKILL');
    primary.kill('SIGHUP');
    await prints('replaced\nreplaced\n');
    await eventually(
      'four new records remain',
      async () => {
        const records = [...(await manager.list()).keys()];
        return records.length === 4 && records.every((key) => !before.has(key));
      },
      timeoutMs,
    );
    await stops(manager);
  });
});
