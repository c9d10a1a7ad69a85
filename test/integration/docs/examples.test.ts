import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EtcdClient } from '#src/client/index.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { proxyVariables } from '../../support/proxy.js';
import { frame } from '../../support/scripted-server.js';

const folder = fileURLToPath(new URL('../../../../examples/', import.meta.url));

/** A process that runs an example, in an environment with an HTTP proxy, and its output. */
class Example {
  readonly child: ChildProcess;
  text = '';

  /** @param file its folder, or its file in the folder of the examples. */
  constructor(file: string, args: readonly string[], proxyEnv: NodeJS.ProcessEnv) {
    const path = `${folder}${/\.m?js$/.test(file) ? file : `${file}/main.js`}`;
    this.child = spawn(process.execPath, [path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: undefined, ...proxyEnv },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk;
      });
  }

  async prints(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const [event] = await Promise.race([
        once(this.child.stdout!, 'data'),
        once(this.child, 'close').then(() => ['closed']),
      ]);
      if (event === 'closed' && !this.text.includes(text))
        assert.fail(`the example ended with: ${this.text}`);
    }
  }

  /** Waits until it ends on its own. Resolves with its output. */
  async ended(): Promise<string> {
    if (this.child.exitCode === null) await once(this.child, 'close');
    assert.equal(this.child.exitCode, 0, this.text);
    return this.text;
  }
}

/** A call of the greeter over plain HTTP/2, which can detect that the server has received it. */
class GreeterCall {
  readonly #session: ClientHttp2Session;
  /** Resolves with its gRPC status when it ends. */
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
        reject(new Error('the call was not answered'));
      });
    });
    stream.resume();
    stream.end(frame(Buffer.from('\x0a\x01x'))); // the name is x
  }

  /** Resolves when the server has received the call: it answers a ping after everything sent before. */
  async arrived(): Promise<void> {
    await once(this.#session, 'connect');
    await new Promise<void>((resolve, reject) =>
      this.#session.ping((error) => (error ? reject(error) : resolve())),
    );
  }
}

describe('examples', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const examples: Example[] = [];
  let httpProxy: NodeJS.ProcessEnv;

  before(async function () {
    // The examples use fixed names, without the prefix of the tests.
    skipUnlessBreakable(this, etcd());
    // The proxy is down: a call through it fails.
    httpProxy = proxyVariables(await deadEndpoint());
  });

  afterEach(() => {
    for (const { child } of examples.splice(0)) child.kill('SIGKILL');
  });

  const start = (name: string, args: readonly string[], proxyEnv: NodeJS.ProcessEnv) => {
    const example = new Example(name, args, proxyEnv);
    examples.push(example);
    return example;
  };
  const run = (name: string) => start(name, [etcd().endpoints[0]!], httpProxy);

  it('demo: calls continue throughout', async function () {
    this.timeout(120_000);
    const text = await start('demo', [], { ...httpProxy, no_proxy: 'localhost,127.0.0.1' }).ended();
    assert.match(text, /^ +0 other calls failed$/m);
    assert.match(text, /etcd is away: calls continue \(\d\.\d s, [1-9]\d* answered, 0 failed\)/);
    assert.match(text, /^ *\d+ ms {2}etcd stopped: calls continue$/m);
    const [, example = ''] = /^What to try next:\n(?:.*\n)*?.* node (\S+)$/m.exec(text) ?? [];
    assert.ok(existsSync(example), text);
    assert.ok(!text.includes('\x1b'), 'a pipe gets no control sequences');
  });

  it('plain: the client calls the server, and no record is left', async () => {
    assert.match(await run('plain').ended(), /Hello, world, from plain under examples\/plain\/127\.0\.0\.1:/);
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    assert.equal((await client.kv.range({ prefix: 'examples/' })).count, 0n);
  });

  it('election: the candidates lead in turns, and the late write of a former leader is not applied', async () => {
    const text = await run('election').ended();
    const tokens = [...text.matchAll(/has written, token (\d+)$/gm)].map(([, token]) => Number(token));
    assert.equal(tokens.length, 3);
    assert.deepEqual(
      tokens,
      [...tokens].sort((a, b) => a - b),
    );
    assert.match(text, /^observed: [abc](?:, ready)? leads$/m);
    assert.match(text, /^observed: no leader$/m);
    assert.match(text, /^not applied: ABORTED: the term in the election 'examples\/election' was lost: /m);
    assert.match(text, /^written by [abc]$/m);
  });

  it('lock: the workers take turns, and the late write of one that lost the lock is not applied', async () => {
    const text = await run('lock').ended();
    const tokens = [...text.matchAll(/counted (\d+), token (\d+)$/gm)].map(([, , token]) => Number(token));
    assert.equal(tokens.length, 9);
    assert.ok(
      tokens.every((token, i) => i === 0 || token > tokens[i - 1]!),
      text,
    );
    assert.match(text, /^not applied: ABORTED: the lock 'examples\/lock' was lost: /m);
    assert.match(text, /^nine rounds, counted 9$/m);
  });

  it('greeter: a client calls all servers, and each is drained on Ctrl-C', async () => {
    const client = run('greeter/client.js');
    const servers = [run('greeter/server.js'), run('greeter/server.js')];
    for (const server of servers) await client.prints(`Hello, world, from server ${server.child.pid}`);
    for (const { child } of servers) child.kill('SIGINT');
    for (const server of servers)
      assert.match(await server.ended(), /registered as examples\/greeter\/.*\ndraining\n$/);
    assert.doesNotMatch(client.text, /UNAVAILABLE: (?!.*no endpoint)/);
  });

  for (const file of ['greeter/client.js', 'kubernetes/caller.mjs', 'demo'])
    it(`${file}: ends without an error when the reader of its output does`, async () => {
      const [endpoint = ''] = etcd().endpoints;
      await run('greeter/server.js').prints('registered');
      const env = { ...httpProxy, ETCDCTL_ENDPOINTS: endpoint, TARGET: 'examples/greeter' };
      const example = start(file, [endpoint], env);
      await once(example.child.stdout!, 'data');
      example.child.stdout!.destroy();
      assert.doesNotMatch(await example.ended(), /EPIPE/);
    });

  it('etcd: runs an etcd for the other examples, and prints their commands', async () => {
    const example = run('etcd');
    await example.prints('npx etcd-naming ls');
    const [, command = '', endpoint = ''] = /^ {2}node (\S+plain\/main\.js) (\S+)$/m.exec(example.text) ?? [];
    assert.equal(resolve(command), `${folder}plain/main.js`);
    assert.match(example.text, /In other terminals:\n\n {2}node hello\.mjs (\S+) /);
    assert.equal(/hello\.mjs (\S+)/.exec(example.text)?.[1], endpoint);
    assert.match(await start('plain', [endpoint], httpProxy).ended(), /Hello, world/);
    example.child.kill('SIGINT');
    await example.ended();
  });

  it('nest: the client calls the server, and no record is left', async () => {
    assert.match(await run('nest').ended(), /Hello, world, from nest under examples\/nest\/127\.0\.0\.1:/);
  });

  it('weights: calls are distributed by weight and zone', async () => {
    const text = await run('weights').ended();
    assert.match(text, /by weight, in the caller's zone: heavy 300, light 100/);
    assert.match(text, /after an update: heavy 200, light 200/);
    assert.match(text, /when the zone is empty: distant 40/);
  });

  it('drain: answers the call in progress, and ends', async () => {
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

  it('directory-http: reads the directory without gRPC', async () => {
    const text = await run('directory-http').ended();
    assert.match(text, /answered by one and two/);
    assert.match(text, /view is known, and live/);
  });

  it('undici: sends requests to each server, and to the other one after a crash', async () => {
    const text = await run('undici').ended();
    assert.match(text, /answered by one 3, two 3/);
    assert.match(text, /without the server one, whose record remains: two 6/);
  });

  it('observability: serves its metrics, prints its log, and ends', async () => {
    const example = start('observability', [etcd().endpoints[0]!, '0'], httpProxy);
    await example.prints('/metrics');
    const [url = ''] = /http:\S+\/metrics/.exec(example.text) ?? [];
    const text = await (await fetch(url)).text();
    assert.match(text, /^etcd_naming_call_answers_total\{etcd_naming_client="greeter"\} [1-9]/m);
    example.child.kill('SIGTERM');
    assert.match(await example.ended(), /^info: the registration of \S+ at '\S+' is registered/m);
  });

  it('health: registers the server while its check succeeds', async () => {
    const text = await run('health').ended();
    assert.deepEqual(text.trim().split('\n'), [
      'SERVING',
      'NOT_SERVING',
      'SERVING',
      'registered in the end',
      'NOT_SERVING',
    ]);
  });
});
