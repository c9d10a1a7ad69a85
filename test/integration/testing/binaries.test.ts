import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStartError, locateEtcd, startEtcd } from '#src/testing/index.js';
import {
  environmentWithoutEtcd,
  ordinaryUser,
  skipUnlessProcess,
  withEnvironment,
  writeFakeEtcd,
} from './support.js';

describe('an etcd binary', function () {
  this.timeout(60_000);
  let folder: string;

  before(function () {
    skipUnlessProcess(this);
  });

  beforeEach(() => {
    // As `process.cwd()` names it.
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'etcd-naming-test-')));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const quietly = { onProgress: () => {} };

  /** A cache folder for this version with a copy of the etcd under test. */
  async function cacheRealEtcd(): Promise<{ cache: string; etcd: string; version: string }> {
    const real = await locateEtcd(quietly);
    const cache = join(folder, 'cache');
    const installed = join(cache, `${real.version}-${process.platform}-${process.arch}`);
    mkdirSync(installed, { recursive: true });
    const etcd = join(installed, 'etcd');
    copyFileSync(real.etcd, etcd, constants.COPYFILE_FICLONE);
    return { cache, etcd, version: real.version };
  }

  it('is used from a read-only cache, as in an image', async function () {
    const user = ordinaryUser(this);
    const { cache, version } = await cacheRealEtcd();
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    for (const [path, mode] of [
      [folder, 0o755],
      [temporary, 0o777],
      [cache, 0o555],
    ] as const)
      chmodSync(path, mode);
    const program = `
      import { startEtcd } from '#src/testing/index.js';
      const etcd = await startEtcd({ onProgress: () => {} });
      console.log(etcd.source, etcd.version);
      await etcd.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environmentWithoutEtcd(folder), TMPDIR: temporary, ETCD_CACHE_DIR: cache },
      ...user,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        output += bytes.toString();
      });
    await once(child, 'close');
    assert.equal(output, `binary ${version}\n`);
  });

  it('is skipped and named when it is truncated in the cache, even if it answers --version', async () => {
    const { cache, etcd, version } = await cacheRealEtcd();
    const { length } = readFileSync(etcd);
    const whole = { ...environmentWithoutEtcd(folder), ETCD_CACHE_DIR: cache };
    assert.equal((await withEnvironment(whole, () => locateEtcd(quietly))).etcd, etcd);
    for (const size of [length - 1, Math.floor(length / 2), 100, 10, 0]) {
      truncateSync(etcd, size);
      await withEnvironment(whole, async () => {
        await assert.rejects(startEtcd({ source: 'binary', ...quietly }), (error: EtcdStartError) => {
          assert.ok(error instanceof EtcdStartError);
          const [line = ''] = error.tried.filter((one) => one.startsWith('cache: passed over: '));
          assert.ok(line.includes(etcd), `${size} of ${length} of ${version}: ${error.message}`);
          if (size >= 64) assert.match(line, new RegExp(`truncated: it has ${size} bytes of at least `));
          return true;
        });
      });
    }
  });

  it('is rejected with its path when ETCD_BIN names a truncated file', async () => {
    const { etcd } = await cacheRealEtcd();
    truncateSync(etcd, readFileSync(etcd).length - 1);
    await withEnvironment({ ...environmentWithoutEtcd(folder), ETCD_BIN: etcd }, () =>
      assert.rejects(startEtcd(), new RegExp(`ETCD_BIN=${etcd} cannot be used: .*truncated`)),
    );
  });

  describe('with an etcdctl beside it', () => {
    const cwd = process.cwd();
    let found: { etcd: string; etcdctl: string };

    beforeEach(() => {
      found = { etcd: writeFakeEtcd(folder, ''), etcdctl: join(folder, 'etcdctl') };
      writeFileSync(found.etcdctl, '#!/bin/sh\n');
      chmodSync(found.etcdctl, 0o755);
      process.chdir(folder);
    });

    afterEach(() => process.chdir(cwd));

    for (const [how, environment] of Object.entries({
      'ETCD_BIN=./etcd': { ETCD_BIN: './etcd', PATH: '/nowhere' },
      'ETCD_BIN=etcd': { ETCD_BIN: 'etcd', PATH: '/nowhere' },
      'PATH=.': { PATH: '.' },
    }))
      it(`is found with it, as absolute paths, by ${how}`, async () => {
        await withEnvironment({ ...environmentWithoutEtcd(folder), ...environment }, async () => {
          assert.deepEqual(await locateEtcd(quietly), { ...found, version: '9.9.9' });
        });
      });

    it('is looked up on PATH for ETCD_BIN=etcd, as by a shell', async () => {
      const elsewhere = join(folder, 'elsewhere');
      mkdirSync(elsewhere);
      const etcd = writeFakeEtcd(elsewhere, '', '9.9.8');
      await withEnvironment(
        { ...environmentWithoutEtcd(folder), PATH: elsewhere, ETCD_BIN: 'etcd' },
        async () => {
          assert.equal((await locateEtcd(quietly)).etcd, etcd);
        },
      );
    });
  });

  describe('of a release before 3.4', () => {
    const tooOld = (what: string) => new RegExp(`${what} is etcd 3\\.3\\.27; 3\\.4 is the oldest`);

    it('is rejected with its path, from ETCD_BIN, PATH or the cache', async () => {
      const etcd = writeFakeEtcd(folder, 'exit 1', '3.3.27');
      await withEnvironment({ ...environmentWithoutEtcd(folder), ETCD_BIN: etcd }, () =>
        assert.rejects(startEtcd(), tooOld(etcd)),
      );
      await withEnvironment(environmentWithoutEtcd(folder), () =>
        assert.rejects(startEtcd({ source: 'binary' }), tooOld(`PATH: .*${etcd}`)),
      );
      const cached = join(folder, 'cache', `3.3.27-${process.platform}-${process.arch}`);
      mkdirSync(cached, { recursive: true });
      const inCache = writeFakeEtcd(cached, 'exit 1', '3.3.27');
      const environment = {
        ...environmentWithoutEtcd(cached),
        PATH: '/nowhere',
        ETCD_CACHE_DIR: join(folder, 'cache'),
      };
      await withEnvironment(environment, () =>
        assert.rejects(startEtcd({ source: 'binary', ...quietly }), tooOld(`cache: .*${inCache}`)),
      );
    });

    it('is rejected with its endpoint when it is external', async () => {
      const server = createServer((_, response) => response.end('{"etcdserver":"3.3.27"}'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        await assert.rejects(startEtcd({ source: 'external', endpoints: [endpoint] }), tooOld(endpoint));
      } finally {
        server.close();
      }
    });
  });
});
