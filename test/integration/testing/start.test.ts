import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError } from '#src/errors/index.js';
import { EtcdStartError, locateEtcd, startEtcd, startEtcdCluster } from '#src/testing/index.js';
import { skipIfExternal } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import {
  environmentWithoutEtcd,
  gatewayOf,
  isAlive,
  isHealthy,
  skipUnlessProcess,
  withEnvironment,
  writeFakeEtcd,
} from './support.js';

describe('the search for an etcd', function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const madeUp = (script: string, version?: string) => writeFakeEtcd(folder, script, version);

  it('reports each attempt with its reason, and what to do', async () => {
    await withEnvironment(environmentWithoutEtcd(folder), async () => {
      await assert.rejects(startEtcd({ onProgress: () => {} }), (error: Error) => {
        assert.ok(error instanceof EtcdStartError);
        const places = ['ETCD_BIN: not set', 'PATH: no etcd there', 'cache: no etcd in it', 'docker: '];
        for (const part of [...places, 'fetch, release archive: ', 'fetch, packages of the distribution: ']) {
          assert.equal(error.tried.filter((line) => line.startsWith(part)).length, 1, part);
          assert.ok(error.message.includes(`  - ${part}`), part);
        }
        for (const advice of ['ETCD_BIN', 'Docker engine', 'ETCD_RELEASE_URL', 'ETCD_TEST_SOURCE=external']) {
          assert.ok(error.message.slice(error.message.indexOf('What to do')).includes(advice), advice);
        }
        return true;
      });
    });
  });

  it('uses an external etcd only by name, even when its endpoints are set and there is no other', async () => {
    const environment = { ...environmentWithoutEtcd(folder), ETCD_TEST_ENDPOINTS: '127.0.0.1:1' };
    await withEnvironment(environment, async () => {
      await assert.rejects(startEtcd({ onProgress: () => {} }), /no etcd to run the tests with/);
      await assert.rejects(startEtcd({ endpoints: ['127.0.0.1:1'], onProgress: () => {} }), /no etcd to run/);
    });
  });

  it('tries only the given source, from the option before the environment', async () => {
    await withEnvironment({ ...environmentWithoutEtcd(folder), ETCD_TEST_SOURCE: 'docker' }, async () => {
      await assert.rejects(startEtcd({ source: 'binary' }), (error: EtcdStartError) => {
        return error.tried.length === 3 && !error.message.includes('docker');
      });
    });
    await withEnvironment({ ...environmentWithoutEtcd(folder), ETCD_TEST_SOURCE: 'binary' }, async () => {
      await assert.rejects(startEtcd(), (error: EtcdStartError) => error.tried.length === 3);
    });
    await assert.rejects(
      startEtcd({ source: 'elsewhere' as 'auto' }),
      /source is 'elsewhere'; it must be one of 'auto', 'binary'/,
    );
  });

  it('ends at an ETCD_BIN that does not run', async () => {
    await withEnvironment(
      { ...environmentWithoutEtcd(folder), ETCD_BIN: join(folder, 'missing') },
      async () => {
        await assert.rejects(startEtcd(), /ETCD_BIN=.+missing cannot be used: .*ENOENT/);
      },
    );
  });

  it('skips a binary of another version', async () => {
    await withEnvironment(
      { ...environmentWithoutEtcd(folder), ETCD_BIN: madeUp('exit 1', '3.4.1') },
      async () => {
        await assert.rejects(startEtcd({ source: 'binary', version: 'v3.5.0' }), /is 3\.4\.1, not 3\.5\.0/);
      },
    );
  });

  it('rejects with an EtcdStartError when there is no folder for the data', async () => {
    const missing = join(folder, 'missing');
    await withEnvironment({ TMPDIR: missing, TMP: missing, TEMP: missing }, async () => {
      await assert.rejects(startEtcd({ source: 'binary' }), {
        name: 'EtcdStartError',
        message: /^etcd could not be started: ENOENT/,
      });
    });
  });

  it('reports the exit and the log of an etcd that ends immediately', async () => {
    const etcd = madeUp('echo "a telling last line"; exit 7');
    await withEnvironment(
      { ...environmentWithoutEtcd(folder), PATH: process.env['PATH'], ETCD_BIN: etcd },
      async () => {
        await assert.rejects(startEtcd(), /exited with code 7\n.*a telling last line/s);
      },
    );
  });

  it('retries with new ports when another process took one, a limited number of times', async () => {
    const starts = join(folder, 'starts');
    const etcd = madeUp(`echo "$*" >>'${starts}'; echo 'bind: address already in use'; exit 1`);
    await withEnvironment(
      { ...environmentWithoutEtcd(folder), PATH: process.env['PATH'], ETCD_BIN: etcd },
      async () => {
        await assert.rejects(startEtcd(), /address already in use/);
      },
    );
    const commands = readFileSync(starts, 'utf8').trim().split('\n');
    assert.equal(new Set(commands).size, 5);
  });

  for (const how of ['timeout', 'signal'] as const) {
    it(`leaves neither process nor folder when a start ends by ${how}`, async () => {
      const pidFile = join(folder, 'pid');
      const temporary = mkdtempSync(join(folder, 'tmp-'));
      const etcd = madeUp(`echo $$ >'${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 1000`);
      const environment = {
        ...environmentWithoutEtcd(folder),
        PATH: process.env['PATH'],
        ETCD_BIN: etcd,
        TMPDIR: temporary,
      };
      await withEnvironment(environment, async () => {
        const abort = new AbortController();
        const reason = new Error('enough');
        const limits = how === 'timeout' ? { startTimeoutMs: 300 } : { signal: abort.signal };
        const started = assert.rejects(
          startEtcd(limits),
          how === 'timeout' ? /not within 300 ms/ : (error) => error === reason,
        );
        await eventually('etcd is running', () => existsSync(pidFile));
        abort.abort(reason);
        await started;
      });
      assert.equal(isAlive(Number(readFileSync(pidFile, 'utf8'))), false);
      assert.deepEqual(readdirSync(temporary), []);
    });
  }

  it('rejects an external cluster and a cluster without members', async () => {
    await assert.rejects(
      startEtcdCluster({ source: 'external', endpoints: ['127.0.0.1:1'] }),
      EtcdStartError,
    );
    await assert.rejects(startEtcdCluster({ members: 0 }), InvalidInputError);
  });

  it('rejects a number of members that no cluster has', async () => {
    for (const members of [10, 2_000, 2 ** 31, 1.5, Number.NaN])
      await assert.rejects(startEtcdCluster({ members }), InvalidInputError, String(members));
    const signal = AbortSignal.abort();
    await assert.rejects(startEtcdCluster({ members: 9, signal }), { name: 'AbortError' });
  });

  it('rejects a version that is not a release', async () => {
    await withEnvironment(environmentWithoutEtcd(folder), async () => {
      for (const version of ['', 'latest', '../../x', '3.5', 'v', '3.5.25/..', '3.5.25 ', '3.5.25\n'])
        for (const start of [startEtcd, startEtcdCluster, locateEtcd])
          await assert.rejects(start({ version, onProgress: () => {} }), InvalidInputError, version);
      const missing = startEtcd({ source: 'binary', version: 'v3.6.0-rc.1' });
      await assert.rejects(missing, /no etcd 3\.6\.0-rc\.1 in it/);
    });
  });

  it('leaves neither process nor folder when the start of a cluster is aborted', async () => {
    const mark = join(folder, 'mark');
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const etcd = madeUp(`: >>'${mark}'; exec sleep 1000`);
    const environment = {
      ...environmentWithoutEtcd(folder),
      PATH: process.env['PATH'],
      ETCD_BIN: etcd,
      TMPDIR: temporary,
    };
    await withEnvironment(environment, async () => {
      const abort = new AbortController();
      const reason = new Error('enough');
      const aborted = assert.rejects(
        startEtcdCluster({ members: 9, signal: abort.signal }),
        (error) => error === reason,
      );
      await eventually('one member is running', () => existsSync(mark));
      abort.abort(reason);
      await aborted;
    });
    assert.deepEqual(readdirSync(temporary), []);
  });
});

describe('an etcd whose owner ends', () => {
  before(function () {
    skipUnlessProcess(this);
  });

  /** Runs a program that starts an etcd, runs `script`, and ends by itself or by `signal`. Checks what is left. */
  async function ownerEnds(signal: NodeJS.Signals | 'exit', script = ''): Promise<void> {
    const temporary = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
    const program = `
      import { startEtcd } from '#src/testing/index.js';
      const etcd = await startEtcd({ source: 'binary' });
      const { pid, endpoints } = etcd;
      ${script};
      console.log(JSON.stringify({ pid, endpoints }));
      ${signal === 'exit' ? '' : 'setInterval(() => {}, 1000);'}`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      // Where `#src` resolves as in this package.
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
    });
    const ended = once(owner, 'exit');
    let etcd: { pid: number; endpoints: string[] } | undefined;
    try {
      const [line] = (await Promise.race([once(owner.stdout, 'data'), ended])) as [Buffer | number];
      assert.ok(Buffer.isBuffer(line), 'the program starts an etcd');
      etcd = JSON.parse(String(line)) as { pid: number; endpoints: string[] };
      const { pid } = etcd;
      if (signal !== 'exit') owner.kill(signal);
      await ended;
      await eventually('etcd has ended', () => !isAlive(pid));
      await eventually('its folder is deleted', () => readdirSync(temporary).length === 0);
      assert.equal(await isHealthy(etcd), false);
    } finally {
      owner.kill('SIGKILL');
      if (etcd && isAlive(etcd.pid)) process.kill(etcd.pid, 'SIGKILL');
      rmSync(temporary, { recursive: true, force: true });
    }
  }

  for (const signal of ['SIGKILL', 'SIGTERM', 'exit'] as const)
    it(`ends and leaves no files, on ${signal}`, () => ownerEnds(signal));

  for (const [when, script] of Object.entries({
    'was killed before': 'await etcd.kill()',
    'was stopped before': 'await etcd.stop()',
    'runs again after a kill': 'await etcd.kill(); await etcd.restart()',
  }))
    it(`leaves no files when it ${when}`, () => ownerEnds('SIGKILL', script));
});

describe('an external etcd', () => {
  it('is used with a random prefix, rejects operations that would break it, and loses only that prefix on close', async function () {
    skipIfExternal(this);
    const theirs = await startEtcd();
    const [endpoint] = theirs.endpoints;
    await gatewayOf(theirs).put('theirs', 'stays');
    await withEnvironment(
      { ETCD_TEST_SOURCE: 'external', ETCD_TEST_ENDPOINTS: `http://${endpoint}` },
      async () => {
        const [one, other] = [
          await startEtcd(),
          await startEtcd({ source: 'external', endpoints: [endpoint!] }),
        ];
        assert.deepEqual(one.endpoints, [endpoint]);
        assert.equal(one.source, 'external');
        assert.equal(one.version, theirs.version);
        assert.equal(one.canBreak, false);
        assert.match(one.prefix, /^etcd-naming-test\/.+\/$/);
        assert.notEqual(one.prefix, other.prefix);
        for (const verb of ['pause', 'resume', 'kill', 'stop', 'restart', 'wipe', 'compact'] as const) {
          await assert.rejects(one[verb](), { name: 'ExternalEtcdError' });
        }
        assert.equal(await one.metric('etcd_debugging_mvcc_watcher_total'), 0);
        await gatewayOf(theirs).put(`${one.prefix}key`, 'goes');
        await gatewayOf(theirs).put(`${other.prefix}key`, 'stays');
        await one.close();
        assert.equal(await gatewayOf(theirs).get(`${one.prefix}key`), undefined);
        assert.equal(await gatewayOf(theirs).get(`${other.prefix}key`), 'stays');
        assert.equal(await gatewayOf(theirs).get('theirs'), 'stays');
        await other.close();
      },
    );
    await theirs.close();
  });

  it('needs endpoints, and must answer', async () => {
    await withEnvironment({ ETCD_TEST_ENDPOINTS: undefined }, async () => {
      await assert.rejects(startEtcd({ source: 'external' }), /ETCD_TEST_ENDPOINTS/);
      const absent = startEtcd({ source: 'external', endpoints: ['127.0.0.1:1'] });
      await assert.rejects(absent, /does not answer: .*ECONNREFUSED/);
    });
  });
});
