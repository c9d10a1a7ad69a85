import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const project = join(protoFolder(), '..');

describe('gen --check', function () {
  this.timeout(30_000);
  let copy: string;

  function check(): { status: number | null; stderr: string } {
    return spawnSync(process.execPath, [join(copy, 'scripts/gen.mjs'), '--check'], { encoding: 'utf8' });
  }

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'gen-check-'));
    for (const folder of ['proto', 'scripts', 'src/gen']) {
      cpSync(join(project, folder), join(copy, folder), { recursive: true });
    }
    symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'), 'junction');
  });

  after(() => rmSync(copy, { recursive: true }));

  /** Runs the check with one file changed, and restores the file. */
  function checkWith(file: string, change: (text: string) => string): ReturnType<typeof check> {
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    const changed = change(original);
    assert.notEqual(changed, original);
    writeFileSync(path, changed);
    try {
      return check();
    } finally {
      writeFileSync(path, original);
    }
  }

  it('passes for the generated code', () => {
    const { status, stderr } = check();
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  it('fails for one changed character in the generated code', () => {
    const { status, stderr } = checkWith('src/gen/etcd/kv.ts', (text) =>
      text.replace('uint32(10)', 'uint32(18)'),
    );
    assert.equal(status, 1);
    assert.match(stderr, /^differs: src\/gen\/etcd\/kv\.ts$/m);
  });

  it('fails for a field number that was changed only in a definition', () => {
    const { status, stderr } = checkWith('proto/etcd/kv.proto', (text) =>
      text.replace('lease = 6', 'lease = 7'),
    );
    assert.equal(status, 1);
    assert.match(stderr, /^differs: proto\/wire\.lock$/m);
  });

  it('fails for an additional file and for a missing file', () => {
    mkdirSync(join(copy, 'src/gen/old'));
    writeFileSync(join(copy, 'src/gen/old/file.ts'), '');
    rmSync(join(copy, 'src/gen/etcd/auth.ts'));
    const { status, stderr } = check();
    assert.equal(status, 1);
    assert.match(stderr, /^left over: src\/gen\/old\/file\.ts$/m);
    assert.match(stderr, /^missing: src\/gen\/etcd\/auth\.ts$/m);
  });
});
