// Compiles a consumer with the oldest TypeScript that the declarations support, a later one, and the project's own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const base = { target: 'ES2022', lib: ['ES2022'], strict: true, skipLibCheck: false, types: ['node'] };
const disposable = ['ES2022', 'ESNext.Disposable'];
const exact = { exactOptionalPropertyTypes: true };

/**
 * TypeScript 4.7 is the first that reads `exports`, and @types/node 20.8 declares `Symbol.asyncDispose`. CommonJS may
 * import an ES module from TypeScript 5.8 on; TypeScript 7 has no `node10`.
 */
const compilers = [
  {
    compiler: join(here, 'node_modules/typescript-4.7'),
    nodeTypes: '20.8.0',
    modes: [
      { module: 'CommonJS', moduleResolution: 'node', ...exact },
      { type: 'module', module: 'Node16' },
      { type: 'module', module: 'Node16', ...exact },
    ],
  },
  {
    compiler: join(here, 'node_modules/typescript-5.9'),
    modes: [
      { module: 'CommonJS', moduleResolution: 'node10', emits: true },
      { type: 'module', module: 'Node16', ...exact },
      { module: 'NodeNext', lib: disposable },
      { type: 'module', module: 'ESNext', moduleResolution: 'bundler', ...exact, lib: disposable },
    ],
  },
  {
    compiler: join(here, '../../node_modules/typescript'),
    modes: [
      { type: 'module', module: 'NodeNext', ...exact, lib: disposable },
      { module: 'NodeNext', ...exact, emits: true },
      { type: 'module', module: 'ESNext', moduleResolution: 'bundler' },
    ],
  },
];

/**
 * Type-checks consumer.ts in a project that has the package, in each mode of each compiler. `installNodeTypes` installs a
 * version of @types/node there. Returns the programs that were compiled to CommonJS.
 */
export function compileConsumers(project, latestNodeTypes, installNodeTypes) {
  const programs = [];
  for (const { compiler, nodeTypes = latestNodeTypes, modes } of compilers) {
    installNodeTypes(nodeTypes);
    for (const [i, mode] of modes.entries()) {
      const folder = join(project, 'compiled', `${compiler.split('/').at(-1)}-${i}`);
      programs.push(...compile({ folder, compiler, ...mode }, project));
    }
  }
  return programs;
}

function compile({ folder, compiler, type = 'commonjs', emits = false, ...options }, project) {
  const sources = ['consumer.ts', ...(emits ? ['compiled.ts'] : [])];
  mkdirSync(folder, { recursive: true });
  for (const source of sources) cpSync(join(project, source), join(folder, source));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
  const compilerOptions = { ...base, noEmit: !emits, ...options };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: sources }));
  const program = join(compiler, 'bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [program, '-p', folder], { encoding: 'utf8' });
  const version = spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' }).stdout;
  const name = `TypeScript ${version.trim().split(' ').at(-1)}, ${nameOf({ type, ...options })}`;
  if (status !== 0) throw new Error(`${name}: a consumer does not compile:\n${stdout}`);
  console.log(`ok: ${name}: a consumer compiles`);
  return emits ? [{ name, file: join(folder, 'compiled.js') }] : [];
}

function nameOf({ type, module, moduleResolution = module, exactOptionalPropertyTypes, lib = base.lib }) {
  const exactly = exactOptionalPropertyTypes ? ', exactOptionalPropertyTypes' : '';
  return `${type}, resolution ${moduleResolution}, lib ${lib.join(' ')}${exactly}`;
}
