import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageText } from './pages.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The entries' declarations in a checkout: those that package.json names exist only in the tarball. */
const declarations = {
  '@org/etcd-naming': [join(root, 'build/src/index.d.ts')],
  '@org/etcd-naming/proto': [join(root, 'build/src/raw/index.d.ts')],
  '@org/etcd-naming/testing': [join(root, 'build/src/testing/index.d.ts')],
  '@org/etcd-naming/codecs': [join(root, 'build/src/codecs/index.d.ts')],
  '@org/etcd-naming/otel': [join(root, 'build/src/otel/index.d.ts')],
};

/**
 * A program of a page. In the text of the page it is a block such as ```` ```ts name mode ````, and the block of the
 * language `text` that follows it is its output.
 */
export interface Snippet {
  readonly page: string;
  readonly name: string;
  readonly language: 'ts' | 'js' | 'cjs' | 'sh';
  /** `compiled`: it cannot run here; `until-SIGTERM`, `until-output`: it does not end on its own. */
  readonly mode: 'ends' | 'compiled' | 'until-SIGTERM' | 'until-output';
  readonly code: string;
  readonly output: string | undefined;
}

const block =
  /^```(ts|js|cjs|sh) ([\w-]+)(?: ([\w-]+))?\n(.*?)^```$(?:(?:(?!^#|^```).)*?^```text\n(.*?)^```$)?/gms;

/** The programs of a page: its blocks of TypeScript, JavaScript (`cjs` is CommonJS) and shell that have a name. */
export function snippetsOf(page: string): readonly Snippet[] {
  return [...pageText(page).matchAll(block)].map(
    ([, language, name = '', mode = 'ends', code = '', output]) => ({
      page,
      name,
      language: language as Snippet['language'],
      mode: mode as Snippet['mode'],
      code,
      output,
    }),
  );
}

export function snippetOf(page: string, name: string): Snippet {
  const found = snippetsOf(page).find((snippet) => snippet.name === name);
  assert.ok(found, `${page} has no program '${name}'`);
  return found;
}

/** The file of a compiled program, below the folder that `compileSnippets` returned. */
export function programFile(folder: string, { page, name, language }: Snippet): string {
  return join(folder, 'out', slug(page), name + suffixes[language]);
}

const suffixes = { ts: '.js', js: '.mjs', cjs: '.cjs', sh: '.sh' };

const slug = (page: string) => page.replace(/\W+/g, '-');

/**
 * Compiles programs in a package that depends on this one, as a user's package does, outside of the checkout, which may
 * be read-only. The programs of a page are in one folder, with `service.mjs`, the service of getting started. Returns the
 * folder of the package; {@link programFile} has the file of each program.
 *
 * @param modules Further packages that the programs import, by name, with their folders. Their declarations are not
 *   checked.
 */
export function compileSnippets(
  snippets: readonly Snippet[],
  adapt = (code: string): string => code,
  modules: Readonly<Record<string, string>> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-snippets-'));
  installPackages(folder, modules);
  const service = snippetOf('docs/getting-started.md', 'service');
  for (const snippet of snippets) {
    if (snippet.language === 'ts')
      write(join(folder, slug(snippet.page), `${snippet.name}.ts`), `${adapt(snippet.code)}\nexport {};\n`);
    if (snippet.language !== 'js' && snippet.language !== 'cjs') continue;
    write(programFile(folder, snippet), adapt(snippet.code));
    write(programFile(folder, { ...service, page: snippet.page }), service.code);
  }
  if (snippets.some(({ language }) => language === 'ts')) compile(folder, Object.keys(modules).length > 0);
  return folder;
}

/** Checks that the programs in JavaScript call functions with the arguments that the declarations require. */
export function checkJavaScript(folder: string): void {
  const checks = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: false,
    exactOptionalPropertyTypes: false,
    noPropertyAccessFromIndexSignature: false,
  };
  runTsc(folder, 'tsconfig.js.json', checks, ['out/*/*.mjs', 'out/*/*.cjs']);
}

function installPackages(folder: string, others: Readonly<Record<string, string>>): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@org'), { recursive: true });
  symlinkSync(root, join(modules, '@org', 'etcd-naming'));
  for (const scope of ['@grpc', '@opentelemetry', '@types'])
    symlinkSync(join(root, 'node_modules', scope), join(modules, scope));
  for (const [name, path] of Object.entries(others)) symlinkSync(path, join(modules, name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}

function compile(folder: string, skipLibCheck: boolean): void {
  runTsc(folder, 'tsconfig.json', { rootDir: '.', outDir: 'out', skipLibCheck }, ['*/*.ts']);
}

function runTsc(folder: string, file: string, options: object, include: readonly string[]): void {
  const tsconfig = {
    extends: join(root, 'test/support/readme/tsconfig.json'),
    compilerOptions: { paths: declarations, ...options },
    include,
  };
  writeFileSync(join(folder, file), JSON.stringify(tsconfig));
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { status, stdout } = spawnSync(tsc, ['-p', join(folder, file)], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
