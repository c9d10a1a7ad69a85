import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const root = join(protoFolder(), '..');
const script = 'scripts/pack-matrix.mjs';

/** The scripts of a checkout whose only projects are those of a test, with a test kit that starts nothing. */
function checkout(projects: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-matrix-test-'));
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const file of [script, 'scripts/pack-consumers.mjs'])
    write(file, readFileSync(join(root, file), 'utf8'));
  write('package.json', '{ "type": "module" }');
  write('package.tgz', '');
  const kit = "export const startEtcd = async () => ({ endpoints: ['an endpoint'], close: async () => {} });";
  write('build/src/testing/index.js', kit);
  mkdirSync(join(folder, 'test/pack/app'), { recursive: true });
  for (const [name, scripts] of Object.entries(projects))
    write(`test/pack/${name}/package.json`, JSON.stringify({ tool: 'node', scripts }));
  return folder;
}

describe('npm run pack:matrix', function () {
  this.timeout(60_000);
  let folder = '';
  before(() => {
    folder = checkout({
      good: { 'test:answered': 'echo "hello, $CONSUMER"', build: 'exit 1' },
      bad: { 'test:silent': 'echo "hello, another"', 'test:broken': 'echo oops; exit 1' },
      other: { test: 'exit 1' },
    });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(only: string): { readonly status: number | null; readonly text: string } {
    const args = [script, '--tarball', 'package.tgz', '--only', only];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status, text: stdout + stderr };
  }

  it('passes the test scripts of the selected projects that print their answer, and no others', () => {
    const { status, text } = run('good,bad');
    assert.match(text, /^good .* install +ok .*\ngood .* answered +ok .*\nbad .* install +ok /m);
    assert.match(text, /^bad .* silent +failed .*\nbad .* broken +failed .*\n\nbad, silent:\nit printed: /m);
    assert.match(text, /bad, broken:\nnpm run test:broken failed \(1\):/);
    assert.match(text, /^3 passed, 2 failed$/m);
    assert.equal(status, 1);
  });

  it('names the projects if it does not know one', () => {
    const { status, text } = run('third');
    assert.match(text, /no project third; there are bad, good, other/);
    assert.notEqual(status, 0);
  });
});
