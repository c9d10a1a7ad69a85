import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { EtcdClient } from '#src/client/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { proxyVariables } from '../../support/proxy.js';
import { frame } from '../../support/scripted-server.js';

const folder = fileURLToPath(new URL('../../../examples/', import.meta.url));

/** An example as a user runs it where the environment names an HTTP proxy, and what it has printed. */
class Example {
  readonly child: ChildProcess;
  text = '';

  constructor(name: string, args: readonly string[], proxied: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [`${folder}${name}/main.js`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...proxied },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk;
      });
  }

  async prints(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const [what] = await Promise.race([
        once(this.child.stdout!, 'data'),
        once(this.child, 'close').then(() => ['closed']),
      ]);
      if (what === 'closed' && !this.text.includes(text)) assert.fail(`it ended with: ${this.text}`);
    }
  }

  /** Resolves with what it printed, once it has ended by itself. */
  async ended(): Promise<string> {
    if (this.child.exitCode === null) await once(this.child, 'close');
    assert.equal(this.child.exitCode, 0, this.text);
    return this.text;
  }
}

/** A call of the greeter on HTTP/2 itself, where one can learn that the server has it. */
class GreeterCall {
  readonly #session: ClientHttp2Session;
  /** Its gRPC status, once it is over. */
  readonly status: Promise<unknown>;

  constructor(url: string) {
    this.#session = connect(url);
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': '/greeter.Greeter/SayHello',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.status = new Promise((resolve, reject) => {
      this.#session.once('error', reject);
      stream.once('error', reject);
      stream.once('trailers', (trailers) => resolve(trailers['grpc-status']));
      stream.once('close', () => {
        this.#session.close();
        reject(new Error('it was not answered'));
      });
    });
    stream.resume();
    stream.end(frame(Buffer.from('\x0a\x01x'))); // the name is x
  }

  /** A server answers a ping after all that came before it. */
  async arrived(): Promise<void> {
    await once(this.#session, 'connect');
    await new Promise<void>((resolve, reject) =>
      this.#session.ping((error) => (error ? reject(error) : resolve())),
    );
  }
}

describe('an example', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const examples: Example[] = [];
  let httpProxy: NodeJS.ProcessEnv;

  before(async function () {
    // They use names of their own, under no prefix of ours.
    skipUnlessBreakable(this, etcd());
    // The proxy is down: nothing comes through.
    httpProxy = proxyVariables(await deadEndpoint());
  });

  afterEach(() => {
    for (const { child } of examples.splice(0)) child.kill('SIGKILL');
  });

  const start = (name: string, args: readonly string[], proxied: NodeJS.ProcessEnv) => {
    const example = new Example(name, args, proxied);
    examples.push(example);
    return example;
  };
  const run = (name: string) => start(name, [etcd().endpoints[0]!], httpProxy);

  it('of all of it shows calls that flow on', async function () {
    this.timeout(120_000);
    const text = await start('demo', [], { ...httpProxy, no_proxy: 'localhost,127.0.0.1' }).ended();
    assert.match(text, /^ +0 calls failed otherwise$/m);
  });

  it('of server and client says hello, and leaves nothing', async () => {
    assert.match(await run('plain').ended(), /Hello, world, from plain under examples\/plain\/127\.0\.0\.1:/);
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    assert.equal((await client.kv.range({ prefix: 'examples/' })).count, 0n);
  });

  it('of NestJS says hello, and leaves nothing', async () => {
    assert.match(await run('nest').ended(), /Hello, world, from nest under examples\/nest\/127\.0\.0\.1:/);
  });

  it('of weights and zones spreads calls by them', async () => {
    const text = await run('weights').ended();
    assert.match(text, /by weight, in the caller's zone: heavy 300, light 100/);
    assert.match(text, /after an update: heavy 200, light 200/);
    assert.match(text, /when the zone is empty: distant 40/);
  });

  it('of draining answers the call under way, and ends', async () => {
    const example = run('drain');
    await example.prints('registered');
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    const { kvs } = await client.kv.range({ prefix: 'examples/drain/' });
    const { Addr } = JSON.parse(String(kvs[0]?.value)) as { Addr: string };
    const call = new GreeterCall(`http://${Addr}`);
    await call.arrived();
    example.child.kill('SIGTERM');
    assert.equal(await call.status, '0');
    assert.match(await example.ended(), /draining\ndrained/);
    assert.equal((await client.kv.range({ prefix: 'examples/drain/' })).count, 0n);
  });

  it('of the directory reads it without gRPC', async () => {
    const text = await run('directory-http').ended();
    assert.match(text, /answered by one and two/);
    assert.match(text, /view is known, and live/);
  });

  it('of a health check of its own follows that', async () => {
    const text = await run('health').ended();
    assert.deepEqual(text.trim().split('\n'), [
      'SERVING',
      'NOT_SERVING',
      'SERVING',
      'registered at last',
      'NOT_SERVING',
    ]);
  });
});
