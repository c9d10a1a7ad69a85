import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStartError, locateEtcd, startEtcd, startEtcdCluster } from '#src/testing/index.js';
import { skip } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { gatewayOf, isHealthy, skipUnlessProcess, withEnvironment } from './support.js';

/** Scripts that start etcd as a process of its own rather than by `exec`. */
const WRAPPERS: Readonly<Record<string, string>> = {
  'waits for it': '"$ETCD" "$@"; echo ended >&2',
  'waits for it in the background': '"$ETCD" "$@" & wait',
  'leads its output through a pipe': '"$ETCD" "$@" 2>&1 | cat',
  'ignores SIGTERM': `trap '' TERM; (trap - TERM; exec "$ETCD" "$@"); exit 0`,
};

describe('an ETCD_BIN that is a script', function () {
  this.timeout(60_000);
  let folder: string;
  let temporary: string;
  let real: string;

  before(async function () {
    skipUnlessProcess(this);
    if (process.platform !== 'linux') skip(this, 'reads /proc');
    real = (await locateEtcd({ onProgress: () => {} })).etcd;
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
    temporary = join(folder, 'tmp');
    mkdirSync(temporary);
  });

  afterEach(async () => {
    for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function script(text: string): Record<string, string> {
    const path = join(folder, 'wrapper');
    writeFileSync(path, `#!/bin/sh\nETCD='${real}'\n${text}\n`);
    chmodSync(path, 0o755);
    return { ETCD_BIN: path, TMPDIR: temporary };
  }

  const started = (text: string) => withEnvironment(script(text), () => startEtcd());

  for (const [how, text] of Object.entries(WRAPPERS))
    describe(`and ${how}`, () => {
      it('is paused, killed, stopped, wiped and closed with its etcd', async () => {
        const etcd = await started(text);
        const gateway = gatewayOf(etcd);
        await gateway.put('a', 'b');
        await etcd.pause();
        assert.equal(await isHealthy(etcd, 300), false);
        await etcd.resume();
        assert.equal(await gateway.get('a'), 'b');
        for (const verb of ['kill', 'stop'] as const) {
          await etcd[verb]();
          assert.deepEqual(processesOf(temporary), [], verb);
          await etcd.restart();
          assert.equal(await gateway.get('a'), 'b');
        }
        await etcd.pause();
        await etcd.wipe();
        assert.equal(await gateway.get('a'), undefined);
        await etcd.close();
        assert.deepEqual(processesOf(temporary), []);
        assert.deepEqual(readdirSync(temporary), []);
      });

      for (const signal of ['SIGINT', 'SIGKILL'] as const)
        it(`leaves nothing when the process group of its owner gets ${signal}, as by a terminal`, async () => {
          const program = `
            import { startEtcd } from '#src/testing/index.js';
            console.log((await startEtcd()).pid);
            setInterval(() => {}, 1000);`;
          const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
            cwd: import.meta.dirname,
            stdio: ['ignore', 'pipe', 'inherit'],
            env: { ...process.env, ...script(text) },
            detached: true,
          });
          await once(owner.stdout, 'data');
          assert.notDeepEqual(processesOf(temporary), []);
          process.kill(-owner.pid!, signal);
          await eventually('no process is left', () => processesOf(temporary).length === 0);
          await eventually('no file is left', () => readdirSync(temporary).length === 0);
        });
    });

  it('has the process id of its etcd', async () => {
    const etcd = await started(WRAPPERS['waits for it']!);
    assert.ok(readFileSync(`/proc/${etcd.pid}/cmdline`, 'utf8').startsWith(`${real}\0`));
    await etcd.close();
  });

  it('runs members whose network can be cut', async () => {
    const cluster = await withEnvironment(script(WRAPPERS['waits for it']!), () =>
      startEtcdCluster({ partitions: true }),
    );
    try {
      const old = await cluster.leader();
      cluster.isolate(old);
      await eventually('another member is the leader', async () => (await cluster.leader()) !== old);
    } finally {
      await cluster.close();
    }
  });

  it('ends with its etcd when it ends first', async () => {
    const end = join(folder, 'end');
    execFileSync('mkfifo', [end]);
    const etcd = await started(
      `[ "$1" = --version ] && exec "$ETCD" "$@"\n"$ETCD" "$@" &\nread -r _ <'${end}'`,
    );
    writeFileSync(end, '\n');
    await eventually('no process is left', () => processesOf(temporary).length === 0);
    await eventually('the handle reports no process', () => etcd.pid === undefined);
    await assert.rejects(etcd.pause(), /not running/);
    await etcd.close();
  });

  it('is refused by its path, and leaves nothing, when it starts etcd where no signal reaches it', async () => {
    const starting = started('setsid -w "$ETCD" "$@"');
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof EtcdStartError);
      assert.ok(error.message.includes(join(folder, 'wrapper')), error.message);
      assert.match(error.message, /exec/);
      return true;
    });
    await eventually('no process is left', () => processesOf(temporary).length === 0);
    assert.deepEqual(readdirSync(temporary), []);
  });

  for (const how of ['never answers', 'answers without end'] as const)
    it(`leaves no process when it ${how} to --version`, async () => {
      const mark = join(folder, 'mark');
      const text = how === 'never answers' ? `sh -c 'echo >"$0"; sleep 1000' '${mark}'` : `yes '${mark}'`;
      const abort = new AbortController();
      const starting = withEnvironment(script(text), () => startEtcd({ signal: abort.signal }));
      const failed = assert.rejects(
        starting,
        how === 'never answers' ? { name: 'AbortError' } : /wrapper.*--version/,
      );
      if (how === 'never answers') {
        await eventually('the wrapper is running', () => existsSync(mark));
        abort.abort();
      }
      await failed;
      await eventually('no process is left', () => processesOf(mark).length === 0);
    });
});

/** The processes that have this text in their command lines; a zombie has none. */
function processesOf(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // The guard has the folder in its command line as well, and ends after it.
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(text) && !line.includes('while read') && pid !== process.pid;
      } catch {
        return false;
      }
    });
}
