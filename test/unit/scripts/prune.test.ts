import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('pruning the output of earlier builds', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'prune-'));
    const folders = ['test/unit', 'build/test/unit', 'examples/plain', 'examples/plain/node_modules'];
    for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['test/unit/kept.test.ts', 'build/test/.tsbuildinfo', 'build/test/unit/data.json'])
      writeFileSync(join(root, file), '');
    for (const name of ['kept', 'gone'])
      for (const ending of ['js', 'js.map', 'd.ts', 'd.ts.map'])
        writeFileSync(join(root, `build/test/unit/${name}.test.${ending}`), '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const prune = async () => {
    const url = new URL('../../../../scripts/prune.mjs', import.meta.url).href;
    const script = (await import(url)) as { prune(root: string): string[] };
    return script.prune(root);
  };

  it('removes only output whose source no longer exists', async () => {
    assert.equal((await prune()).length, 4);
    assert.deepEqual(readdirSync(join(root, 'build/test/unit')).sort(), [
      'data.json',
      'kept.test.d.ts',
      'kept.test.d.ts.map',
      'kept.test.js',
      'kept.test.js.map',
    ]);
    assert.deepEqual(readdirSync(join(root, 'build/test')).sort(), ['.tsbuildinfo', 'unit']);
  });

  it('removes it beside the sources of the examples, and nothing from their packages', async () => {
    for (const file of ['main.ts', 'main.js', 'gone.js', 'greeter.proto', 'node_modules/index.js'])
      writeFileSync(join(root, 'examples/plain', file), '');
    rmSync(join(root, 'build'), { recursive: true });
    assert.deepEqual(await prune(), ['examples/plain/gone.js']);
    assert.deepEqual(readdirSync(join(root, 'examples/plain/node_modules')), ['index.js']);
  });

  it('keeps the output of components, whose sources end with tsx', async () => {
    for (const folder of ['src/cli/ui/browser', 'build/ui/browser'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const file of ['src/cli/ui/browser/app.tsx', 'build/ui/browser/app.js', 'build/ui/browser/gone.js'])
      writeFileSync(join(root, file), '');
    rmSync(join(root, 'build/test'), { recursive: true });
    assert.deepEqual(await prune(), ['build/ui/browser/gone.js']);
  });
});
