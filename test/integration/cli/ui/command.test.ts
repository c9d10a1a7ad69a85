import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { skip, useEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import { CommandRunner, skipWithoutScript } from '../support.js';
import { codeOf, RawHttp } from './raw-http.js';

const urlPattern = /https?:\/\/\S+\/#token=[\w-]{43}/;

describe('etcd-naming ui', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));

  /** Starts it on a free port; other tests may use the default one. */
  const start = async (...args: string[]) => {
    const command = commands.start('ui', '--port', '0', ...args);
    await command.prints(urlPattern);
    const [url = ''] = urlPattern.exec(command.stdout) ?? [];
    return { command, url, http: new RawHttp(url) };
  };

  it('prints a URL that opens the page once, and serves its files', async () => {
    const { url, http } = await start();
    assert.match(url, /^http:\/\/[0-9a-z]{16,}\.localhost:\d+\/#/);
    const host = { host: new URL(url).host };
    assert.equal((await http.send('/', { headers: host })).status, 200);
    const headers = await http.open(url);
    assert.equal((await http.post('/api/timeline', {}, headers)).status, 200);
    await assert.rejects(() => http.open(url));
    for (const path of ['/', '/app.js', '/app.css']) assert.equal((await http.send(path)).status, 200, path);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`exits with 0 on ${signal}, and ends the open streams`, async () => {
      const { command, url, http } = await start();
      const stream = http.send('/api/events', { headers: await http.open(url) });
      await http.send('/');
      command.kill(signal);
      const { code, stderr } = await command.ended;
      assert.deepEqual([code, stderr], [0, '']);
      assert.match((await stream).body, /"type":"status"/);
    });

  it('prints one JSON document with --json', async () => {
    const { command } = await start('--json', '--prefix', 'a/', '--read-only');
    command.kill('SIGINT');
    const { url, ...rest } = JSON.parse((await command.ended).stdout);
    assert.match(url, urlPattern);
    assert.deepEqual(rest, { prefix: 'a/', readOnly: true });
  });

  it('refuses changes with --read-only', async () => {
    const { url, http } = await start('--read-only');
    const action = { action: 'remove', key: 'svc/e1', modRevision: '7' };
    assert.equal(codeOf(await http.post('/api/action', action, await http.open(url))), 'read-only');
  });

  describe('with --open', () => {
    let folder: string;

    before(function () {
      if (process.platform !== 'linux') skip(this, 'xdg-open is for Linux');
    });
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'etcd-naming-ui-open-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** Starts it where `xdg-open` is a script. */
    const startWith = async (script: string) => {
      writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const env = { ETCDCTL_ENDPOINTS: etcd().endpoints.join(','), PATH: `${folder}:${process.env['PATH']}` };
      const command = commands.startWith(env, 'ui', '--port', '0', '--open');
      await command.prints(urlPattern);
      return command;
    };

    it('starts the browser with the URL', async () => {
      const command = await startWith(`echo "$1" > ${folder}/opened`);
      const opened = await eventually('the browser is started', () => {
        const file = join(folder, 'opened');
        return existsSync(file) && readFileSync(file, 'utf8').trim();
      });
      assert.equal(opened, command.stdout.trim());
    });

    it('says so if there is no browser, and continues', async () => {
      const command = await startWith('exit 3');
      await command.prints('xdg-open cannot open the browser');
      const url = command.stdout.trim();
      assert.ok(await new RawHttp(url).open(url));
    });
  });

  it('is read-only for other hosts that a proxy serves, unless --allow-changes is given', async () => {
    const proxied = await start('--json', '--allow-host', 'ui.example.com');
    assert.match(proxied.command.stdout, /"readOnly":true/);
    const headers = { host: 'ui.example.com', origin: 'https://ui.example.com' };
    assert.equal((await proxied.http.send('/', { headers })).status, 200);
    const changing = await start('--json', '--allow-host', 'ui.example.com', '--allow-changes');
    assert.match(changing.command.stdout, /"readOnly":false/);
  });

  it('prints another URL for each Enter on a terminal', async function () {
    await skipWithoutScript(this);
    const command = commands.startOnTerminal('ui', '--port', '0');
    await command.prints(urlPattern);
    command.type('\n');
    await command.prints(/#token=[\s\S]*#token=/);
    const urls = command.stdout.match(new RegExp(urlPattern, 'g')) ?? [];
    assert.equal(new Set(urls).size, 2);
    for (const url of urls) assert.ok(await new RawHttp(url).open(url));
  });

  describe('when a port is in use', () => {
    let other: Server;
    let port: number;

    beforeEach(async () => {
      other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      port = (other.address() as { port: number }).port;
    });
    afterEach(() => other.close());

    it('fails if it is that of --port', async () => {
      const { code, stdout, stderr } = await commands.run('ui', '--port', `${port}`);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(
        stderr,
        /cannot listen: port \d+ of 127\.0\.0\.1 is in use; choose another one with --port/,
      );
    });
  });

  for (const [listen, hosts] of [
    ['localhost', ['127.0.0.1', 'localhost', '[::1]']],
    ['[::1]', ['127.0.0.1', '[::1]']],
    ['::ffff:127.0.0.1', ['127.0.0.1']],
    ['127.1', ['127.0.0.1']],
  ] as const)
    it(`serves the page at loopback with --listen ${listen}`, async () => {
      const { url, http } = await start('--listen', listen);
      for (const host of [...hosts.map((name) => `${name}:${http.port}`), new URL(url).host])
        assert.equal((await http.send('/', { headers: { host } })).status, 200, host);
      assert.equal((await http.send('/', { headers: { host: `x.localhost:${http.port}` } })).status, 403);
    });

  it('uses another port if the default is in use', async () => {
    const [first, second] = [commands.start('ui'), commands.start('ui')];
    await first.prints(urlPattern);
    await second.prints(urlPattern);
    const origins = [first, second].map(({ stdout }) => stdout.split('#')[0]);
    const ports = origins.map((origin) => new URL(origin ?? '').port);
    assert.notEqual(ports[0], ports[1]);
  });

  describe('when etcd', () => {
    it('does not answer, opens the page, which says so', async () => {
      const { url, http } = await start('--endpoints', '127.0.0.1:1');
      const stream = http.stream('/api/events', await http.open(url));
      const event = await new Promise<string>((resolve) => {
        stream.onEvent = (text) => {
          if (text.includes('"error"')) resolve(text);
        };
      });
      stream.close();
      assert.match(event, /"etcd":"(starting|away)"/);
    });
  });

  describe('beyond loopback', () => {
    const authority = CertificateAuthority.root('page');
    let folder: string;
    let files: readonly string[];

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'etcd-naming-ui-'));
      const [cert, key] = [join(folder, 'page.pem'), join(folder, 'page.key')];
      const issued = authority.issue({ names: ['127.0.0.1', 'ui.example.com', 'evil.example'] });
      writeFileSync(cert, issued.cert);
      writeFileSync(key, issued.key);
      files = ['--listen', '0.0.0.0', '--listen-cert', cert, '--listen-key', key];
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** The status of a GET with the certificate checked. */
    const get = (port: number, host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, ca: authority.pem, headers: { host }, agent: false };
        request(options, (response) => resolve(response.resume().statusCode))
          .once('error', reject)
          .end();
      });

    it('has TLS alone, and is read-only', async () => {
      const { command, url, http } = await start('--json', ...files, '--allow-host', 'ui.example.com');
      assert.match(url, /^https:\/\/ui\.example\.com:/);
      assert.match(command.stdout, /"readOnly":true/);
      assert.equal(await get(http.port, 'ui.example.com'), 200);
      assert.equal(await get(http.port, `127.0.0.1:${http.port}`), 200);
      assert.equal(await get(http.port, 'evil.example'), 403);
      assert.doesNotMatch(await http.bytes(`GET / HTTP/1.1\r\nHost: ${http.host}\r\n\r\n`), /HTTP/);
    });

    it('permits changes with --allow-changes', async () => {
      const { command } = await start('--json', ...files, '--allow-changes');
      assert.match(command.stdout, /"readOnly":false/);
    });

    it('fails with a file that is not a key', async () => {
      const args = files.map((arg) => arg.replace('page.key', 'page.pem'));
      const { code, stdout, stderr } = await commands.run('ui', ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /--listen-cert and --listen-key/);
    });

    for (const [args, message] of [
      [
        ['--listen', '0.0.0.0'],
        /--listen 0\.0\.0\.0 is beyond loopback: it requires --listen-cert and --listen-key/,
      ],
      [['--listen', '::'], /beyond loopback/],
      [['--listen', 'ui.example.com'], /beyond loopback/],
      [['--listen-cert', 'a'], /require each other/],
      [['--listen-cert', '/none', '--listen-key', '/none'], /--listen-cert \/none cannot be read: ENOENT/],
      [
        ['--listen-cert', '/dev/zero', '--listen-key', '/none'],
        /--listen-cert \/dev\/zero has more than 1048576 bytes/,
      ],
      [['--listen', '1.2.3.256'], /--listen is '1\.2\.3\.256'; it must be an address or a host name/],
      [['--read-only', '--allow-changes'], /exclude each other/],
      [['--allow-host', 'a:1'], /without a port/],
      [['--allow-host', 'http://a'], /host name/],
      [['--port', '65536'], /whole number from 0 to 65535/],
      [['--port', '0x10'], /whole number from 0 to 65535/],
      [['svc'], /unexpected argument 'svc'/],
    ] as const)
      it(`is refused with ${args.join(' ')}`, async () => {
        const { code, stdout, stderr } = await commands.run('ui', ...args);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, message);
      });
  });
});
