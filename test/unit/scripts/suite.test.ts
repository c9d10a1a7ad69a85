import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';
import { eventually } from '../../support/eventually.js';

interface Settings {
  readonly jobs: number;
  readonly shares?: readonly (readonly string[])[];
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly lingerMs?: number;
}

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly name: string; readonly text: string }[];
}

interface Suite {
  testFiles(suite: string, paths?: readonly string[]): string[];
  jobsFor(suite: string, options: readonly string[]): number;
  sharesOf(suite: string, files: readonly string[], jobs: number): string[][];
  readonly isJobs: (value?: string) => boolean;
  runFiles(
    files: readonly string[],
    settings: Settings & { readonly scratch: string; readonly write: (text: string | Buffer) => void },
  ): Promise<Result>;
}

const project = join(protoFolder(), '..');
const url = pathToFileURL(join(project, 'scripts/suite.mjs')).href;

describe('a suite of test files', function () {
  this.timeout(60_000);
  let suite: Suite;
  let folder: string;
  let output: string;
  let server: Server | undefined;
  const sockets: Socket[] = [];

  before(async () => {
    suite = (await import(url)) as Suite;
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-suite-'));
    output = '';
  });
  afterEach(() => {
    server?.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes test files and runs them. */
  function run(files: Readonly<Record<string, string>>, settings: Settings): Promise<Result> {
    // Without the project's configuration, Mocha needs one process less.
    const options = ['--no-config', '--timeout=60000', ...(settings.options ?? [])];
    return suite.runFiles(write(files), {
      ...settings,
      options,
      scratch: folder,
      write: (text) => {
        output += text;
      },
    });
  }

  function write(files: Readonly<Record<string, string>>): string[] {
    return Object.entries(files).map(([name, code]) => {
      const file = join(folder, `${name}.test.js`);
      writeFileSync(file, code);
      return file;
    });
  }

  /** A server for the test files, to which they connect to show that they run. */
  async function listen(onConnection: (socket: Socket) => void = () => {}): Promise<Server> {
    server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      onConnection(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  const passing = `it('passes', () => {});`;
  const failing = `it('fails', () => { throw new Error('as it must'); });`;

  for (const jobs of [1, 2]) {
    it(`has the counts and failures of all files, with ${jobs} at once`, async () => {
      const pid = `console.log('\\npid', process.pid);`;
      const files = { a: `${pid} ${passing} it.skip('skipped', () => {});`, b: `${pid} ${failing}` };
      const { failures, ...counts } = await run(files, { jobs });
      assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 1 });
      assert.equal(failures.length, 1);
      assert.match(failures[0]?.text ?? '', /1\) fails:\s+Error: as it must/);
      assert.match(output, /Error: as it must/);
      const pids = [...output.matchAll(/^pid (\d+)$/gm)].map(([, one]) => one);
      assert.equal(pids.length, 2);
      assert.equal(new Set(pids).size, jobs, 'one process, or one for each file');
    });
  }

  it('passes options, environment and style on', async () => {
    const code = `it('one', () => console.log(process.env.OF_THE_TEST)); it('two', () => {});`;
    const env = { OF_THE_TEST: 'a value', SUITE_STYLE: 'tap' };
    const { passed } = await run({ a: code }, { jobs: 2, env, options: ['--grep', 'one'] });
    assert.equal(passed, 1);
    assert.match(output, /^a value$/m);
    assert.match(output, /^ok 1 one$/m);
  });

  it('runs as many files at once as there are jobs, and writes their output one after the other', async () => {
    let open = 0;
    let most = 0;
    const waiting: Socket[] = [];
    const server = await listen((socket) => {
      most = Math.max(most, ++open);
      socket.on('error', () => {}).once('close', () => open--);
      waiting.push(socket);
      // Each pair continues when both have come.
      if (waiting.length === 2) for (const one of waiting.splice(0)) one.end();
    });
    const code = `it('meets another file', (done) => {
      console.log('begin', __filename);
      require('node:net').connect(${portOf(server)}, '127.0.0.1').resume().once('close', () => {
        console.log('end', __filename);
        done();
      });
    });`;
    const { passed } = await run({ a: code, b: code, c: code, d: code }, { jobs: 2 });
    assert.equal(passed, 4);
    assert.equal(most, 2);
    const lines = [...output.matchAll(/^(begin|end) (.*)$/gm)].map(([, word, file]) => ({ word, file }));
    assert.equal(lines.length, 8);
    for (let i = 0; i < lines.length; i += 2) {
      assert.equal(lines[i]?.word, 'begin');
      assert.deepEqual(lines[i + 1], { word: 'end', file: lines[i]?.file });
    }
  });

  it('counts one process that exits in a test as failed, and names the file', async () => {
    const exiting = `describe('b', () => it('exits', () => process.exit(0)));`;
    const { failures, ...counts } = await run({ a: passing, b: exiting, c: passing }, { jobs: 1 });
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    const text = failures[0]?.text ?? '';
    assert.match(text, /^FAILED: the process exited with 0 before its report, while it ran .*b\.test\.js$/);
    assert.ok(output.includes(text));
  });

  it('counts a process that is killed in a test as failed, and runs the other files', async () => {
    const killed = `describe('a', () => it('is killed', () => process.kill(process.pid, 'SIGKILL')));`;
    const { failures, ...counts } = await run({ a: killed, b: passing }, { jobs: 2 });
    assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 0 });
    assert.match(failures[0]?.name ?? '', /a\.test\.js$/);
    assert.match(
      failures[0]?.text ?? '',
      /was ended by SIGKILL before its report, while it ran .*a\.test\.js$/,
    );
  });

  it('fails for a file that cannot be loaded', async () => {
    const { failures, failed } = await run({ a: `require('./missing.js');` }, { jobs: 2 });
    assert.equal(failed, 1);
    assert.match(failures[0]?.name ?? '', /a\.test\.js$/);
    assert.match(failures[0]?.text ?? '', /exited with 1 before its report, before its first test$/);
    assert.match(output, /Cannot find module/);
  });

  it('fails for a process that ends with an error after its last test', async () => {
    const code = `${passing} after(() => void setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50));`;
    const { passed, failures } = await run({ a: code }, { jobs: 2 });
    assert.equal(passed, 1);
    assert.match(failures[0]?.text ?? '', /the process was ended by SIGKILL after the last test$/);
  });

  it('fails for a process that does not end after its last test, and ends it', async () => {
    const code = `it('leaks a timer', () => void setInterval(() => {}, 1000));`;
    const { passed, failures } = await run({ a: code }, { jobs: 2, lingerMs: 100 });
    assert.equal(passed, 1);
    assert.match(
      failures[0]?.text ?? '',
      /was still running 0\.1 s after the last test: a test leaks a resource$/,
    );
  });

  it('counts an unhandled rejection as a failure', async () => {
    const code = `it('passes', () => void Promise.reject(new Error('not handled')));`;
    const { failed, failures } = await run({ a: code }, { jobs: 2 });
    assert.equal(failed, 1);
    assert.match(failures[0]?.text ?? '', /unhandled rejection: Error: not handled/);
  });

  it('ends the programs that a test left running', async () => {
    const server = await listen();
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const program = `require('node:net').connect(${portOf(server)}, '127.0.0.1', () => console.log('.')).resume()`;
    const code = `it('leaves a program', (done) => {
      const options = { stdio: ['ignore', 'pipe', 'ignore'] };
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(program)}], options);
      child.unref();
      child.stdout.once('data', () => {
        child.stdout.destroy();
        done();
      });
    });`;
    await run({ a: code }, { jobs: 2 });
    const [socket] = await connection;
    if (!socket.closed) await once(socket, 'close');
  });

  it('ends all processes on a signal, and writes their output so far', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await listen((socket) => void closed.push(once(socket, 'close')));
    const code = `it('does not end', (done) => {
      console.log('it has begun');
      require('node:net').connect(${portOf(server)}, '127.0.0.1').resume();
    });`;
    const script = `
      import { appendFileSync, rmSync } from 'node:fs';
      import { exitOnSignals, runFiles } from ${JSON.stringify(url)};
      exitOnSignals();
      const scratch = ${JSON.stringify(folder)};
      process.on('exit', () => rmSync(scratch, { recursive: true }));
      const write = (text) => {
        process.stdout.write(text);
        appendFileSync(scratch + '/output', text);
      };
      await runFiles(${JSON.stringify(write({ a: code, b: code }))}, { jobs: 2, scratch, write });`;
    const runner = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let printed = '';
    runner.stdout.on('data', (bytes) => {
      printed += bytes;
    });
    await eventually('both files run', () => closed.length === 2, 30_000);
    runner.kill('SIGTERM');
    const [exitCode] = await once(runner, 'close');
    await Promise.all(closed);
    assert.equal(exitCode, 143);
    for (const name of ['a', 'b'])
      assert.match(printed, new RegExp(`INTERRUPTED: .*${name}\\.test\\.js \\(\\d+ s\\)\\s+it has begun`));
  });

  it('consists of the files below its folder, or of those that the paths name', () => {
    const all = suite.testFiles('unit');
    assert.ok(all.length > 100);
    const some = suite.testFiles('unit', ['test/unit/scripts', 'test/unit/cli/doctor.test.ts']);
    assert.ok(some.includes(join(project, 'build/test/unit/cli/doctor.test.js')));
    assert.ok(some.includes(join(project, 'build/test/unit/scripts/suite.test.js')));
    assert.ok(some.length < all.length / 4, `${some.length} files`);
    assert.deepEqual(suite.testFiles('unit', ['test/unit/cl']), []);
    assert.deepEqual(suite.testFiles('no-such-suite'), []);
  });

  describe('by default', () => {
    const source = process.env['ETCD_TEST_SOURCE'];
    const select = (name: string | undefined) => {
      if (name === undefined) delete process.env['ETCD_TEST_SOURCE'];
      else process.env['ETCD_TEST_SOURCE'] = name;
    };
    afterEach(() => select(source));

    it('runs several processes at once, without options for Mocha', () => {
      select(undefined);
      const jobs = suite.jobsFor('integration', []);
      assert.ok(jobs >= 3 && jobs <= 5, `${jobs}`);
      assert.equal(suite.jobsFor('integration', ['--grep', 'x']), 1);
      assert.equal(suite.jobsFor('unit', []), Math.min(4, availableParallelism()));
      assert.equal(suite.jobsFor('sim', []), Math.min(4, availableParallelism()));
    });

    it('runs on an external etcd in one process', () => {
      select('external');
      assert.equal(suite.jobsFor('integration', []), 1);
    });
  });

  it('has a process for each file, but in the unit suite one for each share of the files', () => {
    const files = ['a', 'b', 'c'];
    assert.deepEqual(suite.sharesOf('integration', files, 2), [['a'], ['b'], ['c']]);
    assert.deepEqual(suite.sharesOf('unit', files, 2), [['a', 'c'], ['b']]);
    assert.deepEqual(suite.sharesOf('unit', files, 9), [['a'], ['b'], ['c']]);
  });

  it('runs the files of a share in one process', async () => {
    const files = write({
      a: 'globalThis.seen = 1; it("a", () => {})',
      b: 'it("b", () => { if (!globalThis.seen) throw new Error("alone"); })',
      c: 'it("c", () => { if (globalThis.seen) throw new Error("shared"); })',
    });
    const [a = '', b = '', c = ''] = files;
    const result = await suite.runFiles(files, {
      jobs: 2,
      shares: [[a, b], [c]],
      scratch: folder,
      write: (text) => {
        output += String(text);
      },
    });
    assert.deepEqual([result.passed, result.failed], [3, 0]);
    assert.match(output, /\/2\] share 1, 2 files: 2 passed/);
  });

  it('accepts a number from 1 as the number of files at once', () => {
    assert.equal(suite.isJobs(undefined), true);
    assert.deepEqual(['1', '12', '', '0', '-1', '1.5', 'all'].filter(suite.isJobs), ['1', '12']);
  });
});
