import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { protoFolder } from '#src/raw/index.js';
import { freePorts } from '#src/testing/ports.js';
import { skip, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';

const folder = join(protoFolder(), '../examples/kubernetes');
const manifest = readFileSync(join(folder, 'server.yaml'), 'utf8');
const target = 'foo/bar/my-service';
/** The longest time that `drain()` takes: its default timeout, and 5 s without etcd. */
const longestDrainSeconds = 35;

const inManifest = (pattern: RegExp) => pattern.exec(manifest)?.[1] ?? assert.fail(`no ${pattern}`);

/** An address of this machine that can be registered, in place of that of a pod. */
const podIp = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('the programs of docs/kubernetes.md', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const running: ChildProcess[] = [];
  let client: EtcdClient;
  let probePort: number;

  before(function () {
    // The programs use fixed names, without the prefix of the tests.
    skipUnlessBreakable(this, etcd());
    if (!podIp) skip(this, 'this machine has no address but loopback');
    client = new EtcdClient({ endpoints: etcd().endpoints });
  });

  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await client?.kv.delete({ prefix: `${target}/` });
  });

  after(() => client?.close());

  /** Starts a program with the variables of its manifest, and ports that are free. */
  async function start(program: string): Promise<{ child: ChildProcess; output: () => string }> {
    const [grpcPort, freePort = 0] = await freePorts(2);
    probePort = freePort;
    const env = {
      ...process.env,
      POD_IP: podIp,
      TARGET: inManifest(/name: TARGET\n +value: (\S+)/),
      ETCDCTL_ENDPOINTS: etcd().endpoints.join(','),
      GRPC_PORT: `${grpcPort}`,
      PROBE_PORT: `${probePort}`,
    };
    const child = spawn(process.execPath, [join(folder, program)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    return { child, output: () => text };
  }

  /** The status that a probe of the manifest gets; 0 while nothing listens. */
  async function probe(name: 'readiness' | 'liveness'): Promise<number> {
    const path = inManifest(new RegExp(`${name}Probe:\\n +httpGet: \\{ path: (\\S+),`));
    return fetch(`http://127.0.0.1:${probePort}${path}`, { headers: { connection: 'close' } }).then(
      ({ status }) => status,
      () => 0,
    );
  }

  const records = async () => [...(await new EndpointManager(client, target).list()).values()];

  it('the server registers the address of its pod, is called, and drains on SIGTERM', async () => {
    const { child, output } = await start('server.mjs');
    await eventually('the server is ready', async () => (await probe('readiness')) === 200);
    assert.equal(await probe('liveness'), 200);
    const [record] = await records();
    assert.equal(record?.addr.split(':')[0], podIp);
    const caller = await start('caller.mjs');
    await eventually('a call is answered', () => /^Hello, caller, from /m.test(caller.output()));
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    assert.equal(child.exitCode, 0, output());
    assert.deepEqual(await records(), []);
    caller.child.kill('SIGTERM');
    await once(caller.child, 'exit');
    assert.equal(caller.child.exitCode, 0, caller.output());
  });

  it('the server is alive and not ready while etcd is down at the start, and ends on SIGTERM', async () => {
    await etcd().kill();
    const { child, output } = await start('server.mjs');
    await eventually('it has tried', () => output().includes('not registered yet'));
    assert.deepEqual([await probe('liveness'), await probe('readiness')], [200, 503]);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    assert.equal(child.exitCode, 0, output());
    assert.match(output(), /stopped before it was registered/);
    await etcd().restart();
  });

  it('the server is registered when etcd returns', async () => {
    await etcd().kill();
    const { output } = await start('server.mjs');
    await eventually('it has tried', () => output().includes('not registered yet'));
    await etcd().restart();
    await eventually('the server is ready', async () => (await probe('readiness')) === 200, 20_000);
    assert.equal((await records()).length, 1);
  });

  it('the grace period of the manifests is longer than a drain', () => {
    assert.ok(Number(inManifest(/terminationGracePeriodSeconds: (\d+)/)) > longestDrainSeconds);
    const compose = readFileSync(join(folder, '../compose/compose.yaml'), 'utf8');
    assert.ok(Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]) > longestDrainSeconds);
  });
});
