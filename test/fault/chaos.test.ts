import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { locateEtcd } from '#src/testing/index.js';
import { skip, skipIfExternal } from '../support/etcd.js';

const main = fileURLToPath(new URL('../chaos/main.js', import.meta.url));

describe('a chaos run', function () {
  this.timeout(180_000);
  let etcd: string;
  let child: ChildProcess | undefined;

  before(async function () {
    skipIfExternal(this);
    // Members can be partitioned only on Linux.
    if (process.platform !== 'linux' || process.env['ETCD_TEST_SOURCE'] === 'docker')
      skip(this, 'members cannot be partitioned here');
    const found = await locateEtcd();
    if (found.etcdctl === undefined) skip(this, 'no etcdctl found; the truth is recorded with it');
    etcd = found.etcd;
  });

  afterEach(() => child?.kill('SIGKILL'));

  function start(...args: string[]): {
    readonly output: () => string;
    readonly ended: Promise<number | null>;
  } {
    const running = spawn(process.execPath, [main, '--etcd', etcd, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = running;
    let output = '';
    for (const stream of [running.stdout, running.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text;
      });
    }
    return { output: () => output, ended: once(running, 'close').then(([code]) => code as number | null) };
  }

  it('finds no violation in twenty seconds', async () => {
    const { output, ended } = start('--seconds', '20', '--seed', '1');
    // 2: inconclusive, which is likely in so short a run.
    assert.ok([0, 2].includes((await ended) ?? -1), output());
    assert.match(output(), /^no violation$/m);
  });

  it('finds no violation by locks and elections in five seconds', async () => {
    const { output, ended } = start('--workload', 'lock,election', '--seconds', '5', '--seed', '1');
    // Five seconds are too short for every fault.
    assert.equal(await ended, 2, output());
    assert.match(output(), /^no violation$/m);
    assert.match(output(), /^acquired .*\b[1-9]\d*$/m);
  });

  it('heals every fault and stops every process when it is interrupted', async () => {
    const { output, ended } = start('--seconds', '600', '--seed', '2');
    while (!output().includes('operations')) await once(child?.stdout ?? assert.fail(), 'data');
    child?.kill('SIGINT');
    assert.equal(await ended, 130, output());
    assert.match(output(), /every fault is healed/);
  });

  it('rejects invalid options and prints the help', async () => {
    const { output, ended } = start('--seconds', '1');
    assert.equal(await ended, 2);
    assert.match(output(), /--seconds is '1'.*npm run chaos/s);
  });

  for (const [workload, message] of [
    ['locks', /--workload has 'locks'/],
    ['kv,lock', /--workload runs 'kv' alone/],
  ] as const) {
    it(`rejects the workload ${workload}`, async () => {
      const { output, ended } = start('--workload', workload);
      assert.equal(await ended, 2);
      assert.match(output(), message);
    });
  }
});
