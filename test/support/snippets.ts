import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The entries' declarations in a checkout: those that package.json names exist only in the tarball. */
const declarations = {
  '@org/etcd-naming': [join(root, 'build/src/index.d.ts')],
  '@org/etcd-naming/proto': [join(root, 'build/src/raw/index.d.ts')],
  '@org/etcd-naming/testing': [join(root, 'build/src/testing/index.d.ts')],
};

/** The README's TypeScript blocks, by the name after the language. */
export function readmeSnippets(): Map<string, string> {
  const blocks = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts (\w+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', code = '']) => [name, code]));
}

/**
 * Compiles files in a package that depends on this one, as a user's package does, outside of the checkout, which may be
 * read-only. Returns its folder; the programs are in `out`.
 */
export function compileSnippets(snippets: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-snippets-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@org'), { recursive: true });
  symlinkSync(root, join(modules, '@org', 'etcd-naming'));
  for (const scope of ['@grpc', '@types'])
    symlinkSync(join(root, 'node_modules', scope), join(modules, scope));
  cpSync(join(root, 'test/support/readme'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const tsconfig = {
    extends: join(root, 'test/support/readme/tsconfig.json'),
    compilerOptions: { rootDir: '.', outDir: 'out', paths: declarations },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  for (const [name, code] of snippets) writeFileSync(join(folder, `${name}.ts`), `${code}\nexport {};\n`);
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { status, stdout } = spawnSync(tsc, ['-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  return folder;
}
