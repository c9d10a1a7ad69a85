import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('pruning the output of earlier builds', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'prune-'));
    for (const folder of ['test/unit', 'build/test/unit']) mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['test/unit/kept.test.ts', 'build/test/.tsbuildinfo', 'build/test/unit/data.json'])
      writeFileSync(join(root, file), '');
    for (const name of ['kept', 'gone'])
      for (const ending of ['js', 'js.map', 'd.ts', 'd.ts.map'])
        writeFileSync(join(root, `build/test/unit/${name}.test.${ending}`), '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('removes only output whose source no longer exists', async () => {
    const url = new URL('../../../../scripts/prune.mjs', import.meta.url).href;
    const { prune } = (await import(url)) as { prune(root: string): string[] };
    assert.equal(prune(root).length, 4);
    assert.deepEqual(readdirSync(join(root, 'build/test/unit')).sort(), [
      'data.json',
      'kept.test.d.ts',
      'kept.test.d.ts.map',
      'kept.test.js',
      'kept.test.js.map',
    ]);
    assert.deepEqual(readdirSync(join(root, 'build/test')).sort(), ['.tsbuildinfo', 'unit']);
  });
});
