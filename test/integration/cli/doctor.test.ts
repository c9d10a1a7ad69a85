import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { EtcdClient } from '#src/client/index.js';
import { op } from '#src/kv/index.js';
import { until } from '#src/testing/wait.js';
import { secretOf } from '../../support/canary.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner, skipWithoutScript } from './support.js';

interface Report {
  readonly resolves: boolean;
  readonly findings: readonly { level: string; check: string; message: string; advice?: string }[];
}

const esc = '\x1b';

describe('etcd-naming doctor', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let listener: Server;
  let addr: string;
  let target: string;
  let round = 0;

  before('starts a server that accepts connections', async () => {
    listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    addr = `127.0.0.1:${(listener.address() as { port: number }).port}`;
  });

  after(() => listener.close());

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}doctor-${++round}/svc`;
  });

  afterEach(() => client.close());

  const put = (id: string, at: string, metadata: object | null = null, lease = 0n) =>
    client.kv.put(`${target}/${id}`, JSON.stringify({ Op: 0, Addr: at, Metadata: metadata }), { lease });

  /** The findings and the exit code. */
  const examine = async (name = target, env = {}) => {
    const { code, stdout, stderr } = await commands.runWith(env, 'doctor', name, '--json');
    assert.equal(stderr, '');
    const { findings, resolves } = JSON.parse(stdout) as Report;
    const found = (level: string, check: string) =>
      findings
        .filter((one) => one.level === level && one.check === check)
        .map(({ message }) => message)
        .join('\n');
    return { code, resolves, findings, found };
  };

  it('reports only ok for a service whose server runs', async () => {
    const { id } = await client.lease.grant({ ttlSeconds: 600 });
    await put('e1', addr, null, id);
    const { code, resolves, findings } = await examine();
    assert.deepEqual([code, resolves], [0, true]);
    const levels = findings.map(({ level, check }) => `${check} ${level}`);
    assert.deepEqual(levels, [
      'name ok',
      'proxy ok',
      'grpc-js ok',
      'etcd ok',
      'records ok',
      'leases ok',
      'dial ok',
    ]);
  });

  it('prints a verdict first, then what to do, then the findings', async () => {
    await put('e1', addr);
    const { code, stdout } = await commands.run('doctor', target);
    assert.equal(code, 0);
    const [verdict = '', , title, firstStep = '', ...rest] = stdout.split('\n');
    assert.equal(verdict, `'${target}' resolves, with 1 warning`);
    assert.deepEqual(
      [title, firstStep],
      ['Next steps:', '  1. leases: delete stale records with etcd-naming rm'],
    );
    assert.match(rest[0] ?? '', /^ {2}2\. if a program still fails with "Failed to parse DNS address"/);
    assert.equal(rest[2], 'Findings:');
    assert.match(stdout, /^ok +etcd +\S+ answers and permits the read \(\d+ ms\)$/m);
    assert.match(stdout, /^warning +leases +without a lease, so they stay after their server ends: 'e1'$/m);
  });

  it('shows on a terminal what it has found so far, and then the report in its place', async function () {
    await skipWithoutScript(this);
    await put('e1', addr);
    const { code, stdout } = await commands.startOnTerminalWith({ TERM: 'xterm' }, 'doctor', target).ended;
    assert.equal(code, 0);
    const [progress = '', report = ''] = stdout.split(`${esc}[J${esc}[?25h`);
    assert.match(progress, /checking '.*' …/);
    assert.match(progress, /dial/);
    const lines = report.replaceAll('\r', '').split('\n');
    assert.equal(lines[0], `${esc}[33m'${target}' resolves, with 1 warning${esc}[39m`);
    assert.ok(lines.some((line) => line.startsWith(`${esc}[32mok     ${esc}[39m  etcd `)));
  });

  it('prints the verdict and the next steps in its document', async () => {
    const { code, stdout } = await commands.run('doctor', target, '--output', 'json');
    assert.equal(code, 4);
    const { verdict, nextSteps } = JSON.parse(stdout) as { verdict: string; nextSteps: string[] };
    assert.match(verdict, /^'.*' does not resolve: no key starts with/);
    assert.deepEqual(nextSteps, ['check that the server registers under this name, in this etcd']);
  });

  it('reports that there is no record, and lists similar services', async () => {
    await client.kv.put(`${target}2/e1`, '{"Addr":"10.0.0.1:1"}');
    await client.kv.put(`${target.slice(0, -1)}x/e1`, '{"Addr":"10.0.0.1:1"}');
    const { code, resolves, found } = await examine();
    assert.deepEqual([code, resolves], [4, false]);
    assert.match(found('problem', 'records'), /no key starts with '.*\/svc\/', at revision \d+/);
    assert.equal(found('warning', 'neighbours'), `similar services: '${target}2', '${target.slice(0, -1)}x'`);
  });

  it('finds the records under a likely spelling', async () => {
    await put('e1', addr);
    for (const misspelt of [`${target}/`, `/${target}`, target.replace('/svc', '//svc')]) {
      const { code, found } = await examine(misspelt);
      assert.equal(code, 4, misspelt);
      assert.match(found('warning', 'name'), /slash|empty part/, misspelt);
      assert.match(
        found('warning', 'neighbours'),
        new RegExp(`there are records under '${target}'`),
        misspelt,
      );
    }
  });

  it('finds other spellings of each part of the name', async () => {
    const stored = 'Zebra/Bar-Foo/svc';
    await client.kv.put(`${stored}/e1`, '{"Addr":"10.0.0.1:1"}');
    await client.kv.put('Zebra/other-1/svc/e1', '{"Addr":"10.0.0.1:1"}');
    for (const misspelt of [
      'zebra/bar-foo/svc',
      'Zebr/Bar-Foo/svc',
      'ZEBRA/BAR-FOO/SVC',
      'zebar/Bar-Fo/svc',
      '/zebra/bar-foo/svc/',
    ]) {
      const { found } = await examine(misspelt);
      assert.equal(found('warning', 'neighbours'), `similar services: '${stored}'`, misspelt);
    }
    for (const other of ['Zebra/other-2/svc', 'zeppelin/bar-foo/svc'])
      assert.equal((await examine(other)).found('warning', 'neighbours'), '', other);
  });

  it('finds another spelling behind a name with more records than one read returns', async () => {
    const puts = (from: number) =>
      client.kv.txn({
        success: Array.from({ length: 100 }, (_, i) =>
          op.put(`Many/full/svc/${from + i}`, '{"Addr":"10.0.0.1:1"}'),
        ),
      });
    await Promise.all(Array.from({ length: 12 }, (_, i) => puts(100 * i)));
    await client.kv.put('Many/Kangaroo/svc/e1', '{"Addr":"10.0.0.1:1"}');
    await client.kv.put('Many/quokka/svc/e1', '{"Addr":"10.0.0.1:1"}');
    for (const name of ['Kangaroo', 'quokka']) {
      const { found } = await examine(`many/${name.toLowerCase().replace('o', 'oo')}/svc`);
      assert.equal(found('warning', 'neighbours'), `similar services: 'Many/${name}/svc'`);
    }
  });

  it('says so if there are too many similar names to look below all of them', async () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    const names = letters.map((letter) => `wombat-${letter}/plain/svc`);
    const value = '{"Addr":"10.0.0.1:1"}';
    await client.kv.txn({ success: names.map((name) => op.put(`${name}/e1`, value)) });
    await client.kv.put('Wombat-/Plain/svc/e1', value);
    const { found } = await examine('wombat-/plain/svc');
    assert.match(
      found('warning', 'neighbours'),
      /^not all names were searched for other spellings: there are too many$/m,
    );
  });

  it('reports a record at the name itself, and nested records', async () => {
    await client.kv.put(target, '{"Addr":"10.0.0.1:1"}');
    assert.match((await examine()).found('warning', 'neighbours'), /the name itself, '.*\/svc', is a key/);
    await put('eu/1', addr);
    assert.match(
      (await examine()).found('warning', 'records'),
      /all of the records are nested deeper, such as 'eu\/1'/,
    );
  });

  it('reports an authority that is the address of an etcd', async () => {
    await put('e1', addr);
    const { code, found } = await examine(`etcd://127.0.0.1:2379/${target}`);
    assert.equal(code, 4);
    assert.match(found('warning', 'name'), /'127\.0\.0\.1:2379' looks like the address of an etcd/);
    assert.match(found('warning', 'neighbours'), new RegExp(`there are records under '${target}'`));
  });

  it('reports records without a usable address', async () => {
    await client.kv.put(`${target}/bad`, 'no json');
    await put('none', 'not an address');
    await put('far', 'h:70000');
    await client.kv.put(`${target}/empty`, '{"Op":0}');
    const { code, found } = await examine();
    assert.equal(code, 4);
    assert.match(found('problem', 'records'), /4 records, none with a usable address/);
    assert.match(
      found('warning', 'records'),
      /skipped, because the value is not an endpoint in Go's format: 'bad' \(the value is not JSON: "n" at character 0\)/,
    );
    assert.match(
      found('warning', 'records'),
      /no usable address: 'empty' \(no Addr\), 'far' \(h:70000: port 70000 is over 65535\), 'none' \(not an address: it has a space\)/,
    );
    assert.doesNotMatch(found('warning', 'records'), /the same address/);
  });

  it('warns about sockets, wildcards, missing ports and repeated addresses', async () => {
    await put('e1', addr);
    await put('e2', addr);
    await put('sock', 'unix:/run/a.sock');
    await put('any', '0.0.0.0:1');
    await put('bare', 'localhost');
    const found = (await examine()).found('warning', 'records');
    assert.match(found, /the same address as another record: 'e2'/);
    assert.match(found, /a Unix socket: 'sock'/);
    assert.match(found, /a wildcard address.*: 'any'/);
    assert.match(found, /no port, so gRPC uses 443: 'bare' \(localhost\)/);
  });

  it('warns if every endpoint is draining or has weight 0', async () => {
    await put('e1', addr, { status: 'draining' });
    await put('e2', addr, { weight: 0 });
    assert.match(
      (await examine()).found('warning', 'load'),
      /every endpoint is draining or has weight 0: 1 draining, 1 of weight 0, of 2/,
    );
  });

  it('warns about a lease that is not renewed', async () => {
    const { id } = await client.lease.grant({ ttlSeconds: 9 });
    await put('e1', addr, null, id);
    const left = async () => (await client.lease.timeToLive(id))?.remainingSeconds;
    await until(
      'the lease is about to expire',
      { timeoutMs: 15_000 },
      async () => ((await left()) ?? 0) <= 2,
    );
    const { code, found } = await examine();
    assert.equal(code, 0);
    assert.match(
      found('warning', 'leases'),
      /lease expired or not renewed in time: 'e1' \([0-2] of 9 s left\)/,
    );
  });

  it('reports addresses that do not answer: all of them as a problem, some as a warning', async () => {
    await put('dead', '127.0.0.1:1');
    const all = await examine();
    assert.deepEqual([all.code, all.resolves], [4, false]);
    assert.match(all.found('problem', 'dial'), /1 of 1 accept no .*127\.0\.0\.1:1 \(ECONNREFUSED\)/);
    await put('e1', addr);
    const one = await examine();
    assert.equal(one.code, 0);
    assert.match(one.found('warning', 'dial'), /1 of 2 accept no/);
  });

  it('names the HTTP proxy variable that grpc-js uses, without its value', async () => {
    const proxy = `http://user:${secretOf('proxy')}@proxy:3128`;
    const { found, findings } = await examine(target, { https_proxy: proxy });
    assert.match(found('warning', 'proxy'), /https_proxy is set: /);
    assert.ok(!JSON.stringify(findings).includes('3128'), 'the value is printed');
    const excepted = await examine(target, { https_proxy: proxy, no_proxy: 'localhost,svc' });
    assert.match(excepted.found('ok', 'proxy'), /does not apply to/);
  });

  it('reports that a name resolves only with channelTarget() if a proxy is set', async () => {
    await put('e1', addr);
    const { code, stdout } = await commands.runWith({ http_proxy: 'http://127.0.0.1:1' }, 'doctor', target);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^'.*' resolves, but only for channels made with channelTarget\(\), .*with 2 warnings\n/,
    );
  });

  it('warns about a member that does not answer while another one does', async () => {
    await put('e1', addr);
    const endpoints = [...etcd().endpoints, '127.0.0.1:1'].join(',');
    const { code, found } = await examine(target, {
      ETCDCTL_ENDPOINTS: endpoints,
      ETCDCTL_COMMAND_TIMEOUT: '1s',
    });
    assert.equal(code, 0);
    assert.match(found('warning', 'etcd'), /^127\.0\.0\.1:1: /);
  });

  for (const [what, open] of Object.entries({
    'an HTTP/1 server': () => createHttpServer((_, response) => response.end('hello')),
    'an HTTP/2 server': () =>
      createHttp2Server((_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end()),
  }))
    it(`exits with 3 and names the client port if ${what} answers instead of etcd`, async () => {
      const server = open().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      try {
        const env = { ETCDCTL_ENDPOINTS: `127.0.0.1:${port}`, ETCDCTL_COMMAND_TIMEOUT: '1s' };
        const { code, findings } = await examine(target, env);
        assert.equal(code, 3);
        const problem = findings.find(({ level }) => level === 'problem');
        assert.match(problem?.message ?? '', /look like an etcd/);
        assert.match(problem?.advice ?? '', /^use etcd’s client port, 2379 by default/);
        const ls = await commands.runWith(env, 'ls', target);
        assert.equal(ls.code, 3);
        assert.match(ls.stderr, /look like an etcd/);
      } finally {
        server.close();
      }
    });

  it('exits with 3 if no etcd answers, and if TLS fails', async () => {
    const env = { ETCDCTL_ENDPOINTS: '127.0.0.1:1', ETCDCTL_COMMAND_TIMEOUT: '500ms' };
    const silent = await examine(target, env);
    assert.deepEqual([silent.code, silent.resolves], [3, false]);
    assert.match(silent.found('problem', 'etcd'), /ECONNREFUSED/);
    const tls = await examine(target, { ETCDCTL_ENDPOINTS: `https://${etcd().endpoints[0]}` });
    assert.equal(tls.code, 3);
    assert.match(
      tls.findings.find(({ level }) => level === 'problem')?.advice ?? '',
      /it speaks plaintext: use http:/,
    );
  });
});
