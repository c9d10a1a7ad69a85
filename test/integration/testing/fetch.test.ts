import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EtcdStartError, locateEtcd, startEtcd } from '#src/testing/index.js';
import { withEnvironment } from './support.js';

const ARCH = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
const VERSION = '9.8.7';
const ARCHIVE = `etcd-v${VERSION}-linux-${ARCH}.tar.gz`;

/** A tar archive in memory; what is in it is as a release has it, plus a link that must not be followed. */
function tarGz(files: Readonly<Record<string, string>>): Buffer {
  const entry = (name: string, type: string, content: string) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000755\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    header.write('ustar\0', 257);
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return Buffer.concat([header, Buffer.from(content), padding]);
  };
  const folder = `etcd-v${VERSION}-linux-${ARCH}/`;
  const entries = Object.entries(files).map(([name, content]) => entry(folder + name, '0', content));
  const link = entry(`${folder}etcdctl`, '2', '');
  return gzipSync(Buffer.concat([entry(folder, '5', ''), link, ...entries, Buffer.alloc(1024)]));
}

const SCRIPT = `#!/bin/sh\necho 'etcd Version: ${VERSION}'\n`;

describe('fetching a release archive', function () {
  this.timeout(60_000);
  const archive = tarGz({ 'README.md': 'x'.repeat(700), etcd: SCRIPT, etcdctl: SCRIPT });
  const sha256 = createHash('sha256').update(archive).digest('hex');
  let server: Server;
  let answer: RequestListener;
  let requests: string[];
  let folder: string;

  before(function () {
    if (process.platform !== 'linux' || ARCH === undefined) this.skip();
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
    requests = [];
    answer = release(sha256);
    server = createServer((request, response) => {
      requests.push(request.url ?? '');
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true, force: true });
  });

  function release(sum: string): RequestListener {
    return (request, response) => {
      const isSums = request.url === `/mirror/v${VERSION}/SHA256SUMS`;
      if (isSums) response.end(`${'0'.repeat(64)}  other.tar.gz\n${sum}  ${ARCHIVE}\n`);
      else if (request.url === `/mirror/v${VERSION}/${ARCHIVE}`) response.end(archive);
      else response.writeHead(404).end();
    };
  }

  /** With an empty PATH there is neither an etcd nor an apt-get. */
  async function inEmptyMachine<T>(work: () => Promise<T>): Promise<T> {
    const port = (server.address() as AddressInfo).port;
    const environment = {
      PATH: folder,
      ETCD_BIN: undefined,
      ETCD_TEST_SOURCE: undefined,
      ETCD_CACHE_DIR: join(folder, 'cache'),
      ETCD_RELEASE_URL: `http://127.0.0.1:${port}/mirror/`,
    };
    return withEnvironment(environment, work);
  }

  const quietly = { version: VERSION, onProgress: () => {} };

  async function failsWith(pattern: RegExp): Promise<void> {
    await inEmptyMachine(async () => {
      await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), (error: Error) => {
        assert.ok(error instanceof EtcdStartError);
        assert.match(error.message, pattern);
        return true;
      });
    });
    assert.deepEqual(readdirSync(join(folder, 'cache')), [], 'nothing half-done is left in the cache');
  }

  it('puts etcd and etcdctl into the cache and takes them from there the next time', async () => {
    const lines: string[] = [];
    await inEmptyMachine(async () => {
      const found = await locateEtcd({ version: VERSION, onProgress: (line) => lines.push(line) });
      assert.equal(found.version, VERSION);
      assert.equal(found.etcd, join(folder, 'cache', `${VERSION}-linux-${process.arch}`, 'etcd'));
      assert.equal(readFileSync(found.etcd, 'utf8'), SCRIPT);
      assert.equal(readFileSync(found.etcdctl!, 'utf8'), SCRIPT);
      const asked = requests.length;
      assert.deepEqual(await locateEtcd(quietly), found);
      assert.equal(requests.length, asked);
    });
    assert.match(lines.join('\n'), /fetching http:.*\n.*is now/s);
  });

  it('fetches again what is truncated in the cache, names it, and puts the new one in its place', async () => {
    const installed = join(folder, 'cache', `${VERSION}-linux-${process.arch}`);
    mkdirSync(installed, { recursive: true });
    const lines: string[] = [];
    await inEmptyMachine(async () => {
      for (const broken of ['etcd', 'etcdctl']) {
        const before = requests.length;
        const path = join(installed, broken);
        writeFileSync(path, readFileSync(process.execPath).subarray(0, 100), { mode: 0o755 });
        const found = await locateEtcd({ version: VERSION, onProgress: (line) => lines.push(line) });
        assert.equal(requests.length, before + 2, broken);
        assert.deepEqual(found, {
          etcd: join(installed, 'etcd'),
          etcdctl: join(installed, 'etcdctl'),
          version: VERSION,
        });
        for (const program of [found.etcd, found.etcdctl!])
          assert.equal(readFileSync(program, 'utf8'), SCRIPT);
        assert.ok(
          lines.some((line) => line.includes(`passed over: ${path} is truncated`)),
          lines.join('\n'),
        );
      }
    });
    assert.deepEqual(readdirSync(join(folder, 'cache')), [`${VERSION}-linux-${process.arch}`]);
  });

  it('says that the cache it is told to use cannot be written to, before it fetches', async () => {
    writeFileSync(join(folder, 'file'), '');
    await inEmptyMachine(() =>
      withEnvironment({ ETCD_CACHE_DIR: join(folder, 'file', 'cache') }, async () => {
        await assert.rejects(
          startEtcd({ source: 'fetch', ...quietly }),
          /ETCD_CACHE_DIR cannot be written to: ENOTDIR/,
        );
      }),
    );
    assert.deepEqual(requests, []);
  });

  it('starts what it fetched', async () => {
    await inEmptyMachine(async () => {
      // The made-up etcd ends at once; that it was started at all is the fact.
      await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /exited with code 0/);
    });
  });

  it('refuses an archive whose checksum is not the listed one, and unpacks nothing of it', async () => {
    answer = release('1'.repeat(64));
    await failsWith(new RegExp(`has sha256 ${sha256}, but SHA256SUMS says 1{64}`));
  });

  it('refuses an archive that is not listed', async () => {
    answer = (request, response) => {
      if (request.url?.endsWith('SHA256SUMS')) response.end(`${sha256}  other.tar.gz\n`);
      else response.end(archive);
    };
    await failsWith(/SHA256SUMS does not list/);
  });

  it('tells a version that does not exist', async () => {
    answer = (_, response) => void response.writeHead(404).end();
    await failsWith(/SHA256SUMS: status 404/);
  });

  it('gives up within seconds on a server that accepts and never answers', async () => {
    answer = () => {};
    const start = performance.now();
    await failsWith(/no answer within 5000 ms/);
    assert.ok(performance.now() - start < 8_000);
  });

  it('gives up at once when nobody listens', async () => {
    const unused = createTcpServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    unused.close();
    await once(unused, 'close');
    await inEmptyMachine(() =>
      withEnvironment({ ETCD_RELEASE_URL: `http://127.0.0.1:${port}` }, async () => {
        await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /ECONNREFUSED/);
      }),
    );
  });

  it('stops when the signal is aborted, with its reason', async () => {
    const abort = new AbortController();
    const reason = new Error('never mind');
    answer = () => abort.abort(reason);
    await inEmptyMachine(async () => {
      const started = startEtcd({ source: 'fetch', ...quietly, signal: abort.signal });
      await assert.rejects(started, (error) => error === reason);
    });
  });

  it('lets two fetch at once: both get the same whole binary', async () => {
    await inEmptyMachine(async () => {
      const [one, other] = await Promise.all([locateEtcd(quietly), locateEtcd(quietly)]);
      assert.deepEqual(one, other);
      assert.ok(existsSync(one.etcd));
    });
    assert.deepEqual(readdirSync(join(folder, 'cache')), [`${VERSION}-linux-${process.arch}`]);
  });
});
