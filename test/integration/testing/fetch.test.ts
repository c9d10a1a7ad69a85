import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority, type CertificatePair } from '#src/testing/certificates/index.js';
import { DEFAULT_ETCD_VERSION, EtcdStartError, locateEtcd, startEtcd } from '#src/testing/index.js';
import { tarGz } from '../../support/archives.js';
import { withEnvironment, writeFakeEtcd } from './support.js';

const ARCH = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
const VERSION = '9.8.7';
const ARCHIVE = `etcd-v${VERSION}-linux-${ARCH}.tar.gz`;

/** Packed like a release, with an additional link that must not be followed. */
function releaseOf(files: Readonly<Record<string, string>>): Buffer {
  const folder = `etcd-v${VERSION}-linux-${ARCH}/`;
  return tarGz([
    { name: folder, type: '5' },
    { name: `${folder}etcdctl`, type: '2' },
    ...Object.entries(files).map(([name, content]) => ({ name: folder + name, content })),
  ]);
}

async function close(
  server: { closeAllConnections(): void; close(): unknown } & EventEmitter,
): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

const SCRIPT = `#!/bin/sh\necho 'etcd Version: ${VERSION}'\n`;

describe('fetching a release archive', function () {
  this.timeout(60_000);
  const archive = releaseOf({ 'README.md': 'x'.repeat(700), etcd: SCRIPT, etcdctl: SCRIPT });
  const sha256 = createHash('sha256').update(archive).digest('hex');
  let server: Server;
  let answer: RequestListener;
  let requests: string[];
  let folder: string;

  let certificate: CertificatePair;

  before(async function () {
    if (process.platform !== 'linux' || ARCH === undefined) this.skip();
    certificate = CertificateAuthority.root('fetch').issue({ names: ['127.0.0.1'] });
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
    requests = [];
    answer = release(sha256);
    server = createServer(certificate, record);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  const record: RequestListener = (request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  };

  afterEach(async () => {
    await close(server);
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

  /** An empty PATH contains neither an etcd nor an apt-get. */
  async function inEmptyMachine<T>(work: () => Promise<T>): Promise<T> {
    const port = (server.address() as AddressInfo).port;
    const environment = {
      PATH: folder,
      ETCD_BIN: undefined,
      ETCD_TEST_SOURCE: undefined,
      ETCD_CACHE_DIR: join(folder, 'cache'),
      ETCD_RELEASE_URL: `https://127.0.0.1:${port}/mirror/`,
      ETCD_RELEASE_SHA256: undefined,
      // fetch cannot be given a certificate authority, and reads this variable at each connection.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
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
    const cache = join(folder, 'cache');
    const left = existsSync(cache) ? readdirSync(cache) : [];
    assert.deepEqual(left, [], 'no partial file is left in the cache');
  }

  /** The same mirror without TLS, as which any process may answer. */
  async function overHttp<T>(
    environment: Readonly<Record<string, string>>,
    work: (url: string) => Promise<T>,
  ) {
    const plain = createPlainServer(record).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/mirror`;
    try {
      return await inEmptyMachine(() =>
        withEnvironment({ ETCD_RELEASE_URL: url, ...environment }, () => work(url)),
      );
    } finally {
      await close(plain);
    }
  }

  it('stores nothing when the archive holds another version', async () => {
    const script = SCRIPT.replace(VERSION, '9.8.6');
    const other = releaseOf({ etcd: script, etcdctl: script });
    const sum = createHash('sha256').update(other).digest('hex');
    answer = (request, response) =>
      response.end(request.url?.endsWith('SHA256SUMS') ? `${sum}  ${ARCHIVE}\n` : other);
    await failsWith(/contains etcd 9\.8\.6/);
  });

  it('stores nothing when the distribution has another version', async function () {
    if (!existsSync('/etc/debian_version')) this.skip();
    answer = (_, response) => response.writeHead(404).end();
    const program = "#!/bin/sh\\necho 'etcd Version: 3.4.23'\\n";
    const unpack = `/bin/mkdir -p "$3/usr/bin"\nfor name in etcd etcdctl; do
      printf "${program}" >"$3/usr/bin/$name"; /bin/chmod 755 "$3/usr/bin/$name"
    done`;
    for (const [name, text] of [
      ['apt-get', 'case "$*" in *download*) : >etcd.deb ;; esac'],
      ['dpkg-deb', unpack],
    ] as const)
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    await failsWith(/the distribution has etcd 3\.4\.23, not 9\.8\.7/);
  });

  it('fetches the default version although the cache has another one', async () => {
    const cached = join(folder, 'cache', `9.9.9-linux-${process.arch}`);
    mkdirSync(cached, { recursive: true });
    writeFakeEtcd(cached, 'exit 1');
    await inEmptyMachine(() =>
      assert.rejects(startEtcd({ source: 'fetch', onProgress: () => {} }), (error: EtcdStartError) => {
        assert.ok(error.tried.some((line) => line.startsWith('fetch, release archive: ')));
        return true;
      }),
    );
    assert.deepEqual(requests, [`/mirror/v${DEFAULT_ETCD_VERSION}/SHA256SUMS`]);
  });

  it('fetches etcd and etcdctl into the cache, and uses the cache the next time', async () => {
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
    assert.match(lines.join('\n'), /fetching https:.*\n.*is now/s);
  });

  it('replaces a truncated file in the cache, and names it', async () => {
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

  it('reports a read-only ETCD_CACHE_DIR before it fetches', async () => {
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

  it('starts the fetched program', async () => {
    await inEmptyMachine(async () => {
      // The fake etcd ends immediately; the test shows that it was started.
      await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /exited with code 0/);
    });
  });

  it('rejects an archive with a wrong checksum, and unpacks nothing', async () => {
    answer = release('1'.repeat(64));
    await failsWith(new RegExp(`has sha256 ${sha256}, but SHA256SUMS says 1{64}`));
  });

  it('rejects an archive that the checksum file does not list', async () => {
    answer = (request, response) => {
      if (request.url?.endsWith('SHA256SUMS')) response.end(`${sha256}  other.tar.gz\n`);
      else response.end(archive);
    };
    await failsWith(/SHA256SUMS does not list/);
  });

  for (const url of ['http://127.0.0.1:1/mirror', 'ftp://a/mirror', 'file:///mirror', 'mirror']) {
    it(`is rejected from ${url}, because a checksum from there proves nothing`, async () => {
      await inEmptyMachine(() =>
        withEnvironment({ ETCD_RELEASE_URL: url }, async () => {
          const refusal = /ETCD_RELEASE_URL is .*; it must be https, unless ETCD_RELEASE_SHA256 has/;
          await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), refusal);
        }),
      );
    });
  }

  it('fetches over http only with ETCD_RELEASE_SHA256, and checks the archive against it', async () => {
    await overHttp({}, async () => {
      await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /it must be https/);
      assert.deepEqual(requests, []);
    });
    await overHttp({ ETCD_RELEASE_SHA256: '1'.repeat(64) }, async () => {
      await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /but ETCD_RELEASE_SHA256 says 1{64}/);
    });
    await overHttp({ ETCD_RELEASE_SHA256: 'abc' }, async () => {
      await assert.rejects(
        startEtcd({ source: 'fetch', ...quietly }),
        /ETCD_RELEASE_SHA256 is 'abc'; it must be/,
      );
    });
    assert.ok(
      !requests.some((one) => one.includes('SHA256SUMS')),
      'SHA256SUMS of the mirror is not requested',
    );
    const found = await overHttp({ ETCD_RELEASE_SHA256: sha256.toUpperCase() }, () => locateEtcd(quietly));
    assert.equal(found.version, VERSION);
  });

  it('checks an archive from https against ETCD_RELEASE_SHA256 too', async () => {
    await inEmptyMachine(() =>
      withEnvironment({ ETCD_RELEASE_SHA256: '2'.repeat(64) }, async () => {
        await assert.rejects(
          startEtcd({ source: 'fetch', ...quietly }),
          /but ETCD_RELEASE_SHA256 says 2{64}/,
        );
      }),
    );
  });

  it('follows at most five redirects, and only to https', async () => {
    const mirror = release(sha256);
    await overHttp({}, async (http) => {
      answer = (request, response) => {
        const isPlain = !('encrypted' in request.socket);
        if (isPlain) mirror(request, response);
        else response.writeHead(302, { location: `${http}${request.url?.replace('/mirror', '')}` }).end();
      };
      const { port } = server.address() as AddressInfo;
      await withEnvironment({ ETCD_RELEASE_URL: `https://127.0.0.1:${port}/mirror` }, async () => {
        await assert.rejects(
          startEtcd({ source: 'fetch', ...quietly }),
          /leads to http:.*, which is not https/,
        );
      });
      assert.equal(requests.length, 1, 'no request is sent over http');
    });
    answer = (request, response) => void response.writeHead(302, { location: request.url }).end();
    await failsWith(/more than 5 redirects/);
    answer = (request, response) => {
      const to = request.url?.replace('/moved', '/mirror');
      if (request.url?.startsWith('/moved')) mirror(Object.assign(request, { url: to }), response);
      else response.writeHead(307, { location: request.url?.replace('/mirror', '/moved') }).end();
    };
    assert.equal((await inEmptyMachine(() => locateEtcd(quietly))).version, VERSION);
  });

  it('reports a version that does not exist', async () => {
    answer = (_, response) => void response.writeHead(404).end();
    await failsWith(/SHA256SUMS: status 404/);
  });

  it('rejects within seconds if the server accepts connections and never answers', async () => {
    answer = () => {};
    const start = performance.now();
    await failsWith(/no answer within 5000 ms/);
    assert.ok(performance.now() - start < 8_000);
  });

  it('rejects immediately if no server listens', async () => {
    const unused = createTcpServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    unused.close();
    await once(unused, 'close');
    await inEmptyMachine(() =>
      withEnvironment({ ETCD_RELEASE_URL: `https://127.0.0.1:${port}` }, async () => {
        await assert.rejects(startEtcd({ source: 'fetch', ...quietly }), /ECONNREFUSED/);
      }),
    );
  });

  it("rejects with the signal's reason when it is aborted", async () => {
    const abort = new AbortController();
    const reason = new Error('never mind');
    answer = () => abort.abort(reason);
    await inEmptyMachine(async () => {
      const started = startEtcd({ source: 'fetch', ...quietly, signal: abort.signal });
      await assert.rejects(started, (error) => error === reason);
    });
  });

  it('gives two concurrent fetches the same complete binary', async () => {
    await inEmptyMachine(async () => {
      const [one, other] = await Promise.all([locateEtcd(quietly), locateEtcd(quietly)]);
      assert.deepEqual(one, other);
      assert.ok(existsSync(one.etcd));
    });
    assert.deepEqual(readdirSync(join(folder, 'cache')), [`${VERSION}-linux-${process.arch}`]);
  });
});
