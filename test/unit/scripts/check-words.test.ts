import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../../scripts/check-words.mjs', import.meta.url));

describe('the word check', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'etcd-naming-words-'));
    execFileSync('git', ['init', '-q'], { cwd: root });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function check(file: string, text: string) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
    execFileSync('git', ['add', '.'], { cwd: root });
    return spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  }

  it('passes on plain words', () => {
    assert.equal(check('docs/a.md', 'A member that fails is skipped.\n').status, 0);
  });

  // In two parts, because the check reads this file too.
  for (const [file, word] of [
    ['docs/a.md', `me${'nds'}`],
    ['src/a.ts', `an${'ew'}`],
    ['src/b.ts', `Kept${'Lease'}`],
    ['docs/b.md', `is no ${'endpoint'}`],
  ] as const)
    it(`reports '${word}' in ${file} with its line and a better word`, () => {
      const { status, stderr } = check(file, `one\nit ${word} here\n`);
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^${file}:2: '${word}'; better: .+`));
    });

  it('accepts the absence of a thing', () => {
    assert.equal(check('docs/a.md', 'There is no endpoint. It is no longer listed.\n').status, 0);
  });

  it('does not check generated code', () => {
    assert.equal(check('src/gen/a.ts', `an${'ew'}`).status, 0);
  });
});
