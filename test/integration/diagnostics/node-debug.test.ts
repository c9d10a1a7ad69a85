import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { useEtcd } from '../../support/etcd.js';

/** Makes two clients and a call of each; the key and the name of the second contain control characters. */
const program = `
  import { EtcdClient } from '@org/etcd-naming';
  const [endpoint] = process.argv.slice(1);
  const client = new EtcdClient({ endpoints: [endpoint] });
  await client.kv.put('a', 'the value');
  const other = new EtcdClient({ endpoints: [endpoint], name: 'two\\nlines' });
  await other.kv.get('b\\x1b[2J');
  await other.kv.put('c', 'the value', { lease: 12345n }).catch(() => {});
  await Promise.all([client.close(), other.close()]);
  process.stdout.write('done');`;

/** A call with each of two copies of the package. */
const twoCopies = `
  for (const url of [import.meta.resolve('@org/etcd-naming'), process.argv[2]]) {
    const { EtcdClient } = await import(url);
    const client = new EtcdClient({ endpoints: [process.argv[1]] });
    await client.kv.put('a', 'the value');
    await client.close();
  }
  process.stdout.write('done');`;

describe('NODE_DEBUG', () => {
  const etcd = useEtcd();

  /** The lines on stderr of a program that runs with the variable. */
  async function linesWith(
    NODE_DEBUG: string | undefined,
    source = program,
    ...given: readonly string[]
  ): Promise<readonly string[]> {
    const { NODE_DEBUG: _, ...others } = process.env;
    const env = NODE_DEBUG === undefined ? others : { ...others, NODE_DEBUG };
    const args = ['--input-type=module', '--eval', source, etcd().endpoints[0]!, ...given];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
    assert.equal(stdout, 'done');
    if (stderr === '') return [];
    assert.ok(stderr.endsWith('\n'));
    return stderr.slice(0, -1).split('\n');
  }

  const anyTime = (line: string) => line.replace(/\d+\.\d ms$/, 'X ms').replace(/ \d+: /, ' PID: ');
  const calls = (prefix: string) => [
    `${prefix}etcd-1: Put 'a' on ${etcd().endpoints[0]}: OK after X ms`,
    `${prefix}two\\x0alines: Range 'b\\x1b[2J' on ${etcd().endpoints[0]}: OK after X ms`,
  ];

  for (const variable of [undefined, 'http2', 'etcd,naming,etcd-naming-other']) {
    it(`prints nothing with ${variable === undefined ? 'no value' : `'${variable}'`}`, async () => {
      const lines = await linesWith(variable);
      assert.deepEqual(
        lines.filter((line) => /etcd/i.test(line)),
        [],
      );
    });
  }

  for (const [variable, prefix] of [
    ['etcd-naming', 'ETCD-NAMING PID: call: '],
    ['ETCD-Naming', 'ETCD-NAMING PID: call: '],
    ['etcd-naming:call', 'ETCD-NAMING:CALL PID: '],
    ['etcd-naming:token,etcd-naming:call', 'ETCD-NAMING:CALL PID: '],
    ['etcd-naming*', 'ETCD-NAMING:CALL PID: '],
    ['etcd-naming,etcd-naming:call', 'ETCD-NAMING:CALL PID: '],
  ] as const) {
    it(`prints each call once, in one readable line, with '${variable}'`, async () => {
      const lines = (await linesWith(variable)).map(anyTime);
      const [put, get, failed, ...others] = lines.filter((line) => line.startsWith(prefix));
      assert.deepEqual([put, get], calls(prefix));
      assert.ok(
        failed?.startsWith(`${prefix}two\\x0alines: Put 'c' on ${etcd().endpoints[0]}: NOT_FOUND: `),
        failed,
      );
      assert.deepEqual(others, []);
      for (const line of lines) {
        assert.match(line, /^ETCD-NAMING[:A-Z]* PID: /);
        assert.doesNotMatch(line, /\p{Cc}|the value/u);
      }
    });
  }

  it('prints no call with another topic', async () => {
    const lines = await linesWith('etcd-naming:watch,etcd-naming:token');
    assert.deepEqual(
      lines.filter((line) => /Put|Range/.test(line)),
      [],
    );
  });

  it('prints each call once for two copies of the package, whose clients have names of their own', async () => {
    const root = resolve(import.meta.dirname, '../../../..');
    const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-'));
    try {
      cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
      cpSync(join(root, 'package.json'), join(folder, 'package.json'));
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
      const { href } = pathToFileURL(join(folder, 'dist/index.js'));
      const lines = (await linesWith('etcd-naming:call', twoCopies, href)).map(anyTime);
      const text = `Put 'a' on ${etcd().endpoints[0]}: OK after X ms`;
      assert.deepEqual(
        lines,
        [1, 2].map((n) => `ETCD-NAMING:CALL PID: etcd-${n}: ${text}`),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
