import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipIfExternal } from '../../support/etcd.js';
import { proxyVariables } from '../../support/proxy.js';
import { compileSnippets, readmeSnippets } from '../../support/snippets.js';

const timeoutMs = 30_000;
let folder = '';

/** The README's snippets, with the addresses of the test. */
function snippets(etcd: string, port: number): Map<string, string> {
  const adapted = [...readmeSnippets()].map(
    ([name, code]) =>
      [name, code.replaceAll('127.0.0.1:2379', etcd).replaceAll(':50051', `:${port}`)] as const,
  );
  return new Map(adapted);
}

/** Starts a snippet in an environment with an HTTP proxy that is down. */
async function start(name: string): Promise<ChildProcess> {
  return spawn(process.execPath, [join(folder, 'out', `${name}.js`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...proxyVariables(await deadEndpoint()) },
  });
}

/** Waits until a program ends, or until it prints a text and is killed. Returns its output. */
async function outputOf(child: ChildProcess, until?: string): Promise<string> {
  let text = '';
  const collect = (chunk: Buffer) => {
    text += chunk.toString();
    if (until && text.includes(until)) child.kill('SIGKILL');
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (!until) assert.equal(code, 0, `ended with ${code ?? signal}: ${text}`);
  return text;
}

describe('the README, compiled and run', () => {
  let etcd: EtcdHandle;
  let server: ChildProcess | undefined;

  before(async function () {
    // The snippets use fixed names, without the prefix of the tests.
    skipIfExternal(this);
    this.timeout(120_000);
    etcd = await startEtcd();
    const [port = 0] = await freePorts(1);
    folder = compileSnippets(snippets(etcd.endpoints[0] ?? '', port));
  });

  after(async () => {
    server?.kill('SIGKILL');
    await etcd?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('the client calls the server by its name', async () => {
    server = await start('server');
    const client = new EtcdClient({ endpoints: etcd.endpoints });
    const manager = new EndpointManager(client, 'foo/bar/my-service');
    for await (const event of manager.watch()) {
      if (event.type === 'snapshot' ? event.endpoints.size > 0 : event.added.length > 0) break;
    }
    await client.close();
    assert.match(await outputOf(await start('client'), 'Hello, world'), /Hello, world/);
  });

  it('the server deletes its record on SIGTERM', async () => {
    assert.ok(server);
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
    const client = new EtcdClient({ endpoints: etcd.endpoints });
    assert.equal((await new EndpointManager(client, 'foo/bar/my-service').list()).size, 0);
    await client.close();
  });

  const outputs: readonly (readonly [string, RegExp])[] = [
    ['endpoints', /my-service\/e2 1\.2\.3\.14:\d+\nsnapshot \d+/],
    ['clients', /hello \d+n\nput greeting \d+n\nstore this.* \d+n/s],
    ['proto', /\/etcdserverpb\.KV\/Range .*proto.*foo\n.*etcdserverpb/s],
    ['testing', /^bar$/m],
  ];
  for (const [name, printed] of outputs) {
    it(`the snippet "${name}" prints its results`, async function () {
      this.timeout(60_000);
      assert.match(await outputOf(await start(name)), printed);
    });
  }
});
