// The consumer projects of test/pack: installs them in a temporary folder, and runs their scripts.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'test', 'pack');
const timeout = 300_000;

/** The names of the wanted projects; without wanted ones, of all. */
export function projectNames(wanted) {
  const all = readdirSync(sources).filter((name) => existsSync(join(sources, name, 'package.json')));
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no project ${unknown.join(', ')}; there are ${all.join(', ')}`);
  return wanted.length > 0 ? wanted : all;
}

/** Packs this package into a folder without another tarball. Returns the path of the tarball. */
export function pack(folder) {
  run('npm', ['pack', '--silent', '--pack-destination', folder], root);
  return join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.tgz')),
  );
}

export class Consumers {
  #folder = mkdtempSync(join(tmpdir(), 'etcd-naming-matrix-'));
  #keep;
  #env;

  /** @param options.node the path of the Node binary that runs the tools; default: this one */
  constructor({ tarball, keep, node = process.execPath }) {
    this.#keep = keep;
    this.#env = { PATH: `${dirname(resolve(node))}${delimiter}${process.env.PATH}` };
    mkdirSync(join(this.#folder, 'moved'));
    copyFileSync(tarball ? resolve(tarball) : pack(this.#folder), join(this.#folder, 'etcd-naming.tgz'));
  }

  /** Yields `{ version, check, seconds, error }` for the installation and for each test script of a project. */
  *run(project, endpoint) {
    const manifest = manifestOf(join(sources, project));
    const folder = this.#copy(project, manifest);
    const manager = new PackageManager(this.#folder, manifest.manager, this.#env);
    const version = manifest.manager?.split('@').at(-1) ?? this.#versionOf(project, manifest);
    const installed = timed(() => manager.install(folder));
    yield { version, check: 'install', ...installed };
    if (installed.error) return;
    for (const script of Object.keys(manifest.scripts).filter((name) => name.startsWith('test'))) {
      const check = script.replace(/^test:?/, '') || 'call';
      const name = `${project}-${check}`;
      const env = { ETCD_ENDPOINT: endpoint, CONSUMER: name, ...this.#caches() };
      yield { version, check, ...timed(() => expectAnswer(manager.run(script, folder, env), name)) };
    }
  }

  /** The version of Node, of the package with the project's name, or of the one in its field `tool`. */
  #versionOf(project, { tool = project, dependencies }) {
    return tool === 'node' ? run('node', ['--version'], root, this.#env).trim() : dependencies[tool];
  }

  close() {
    if (this.#keep) console.log(this.#folder);
    else rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The runtimes keep theirs in the home folder otherwise. */
  #caches() {
    const folder = join(this.#folder, 'caches');
    return {
      DENO_DIR: join(folder, 'deno'),
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(folder, 'bun'),
      XDG_DATA_HOME: folder,
    };
  }

  /** A project has the files of test/pack/app, those of the project in its field `filesOf`, and its own. */
  #copy(project, { filesOf }) {
    const folder = join(this.#folder, project);
    for (const source of ['app', filesOf, project])
      if (source) cpSync(join(sources, source), folder, { recursive: true });
    return folder;
  }
}

/** npm, or the one in a project's field `manager`. pnpm would look for itself in the registry for `packageManager`. */
class PackageManager {
  #command = 'npm';
  #env;

  constructor(folder, spec, env) {
    this.#env = env;
    if (!spec) return;
    const tools = join(folder, `manager-${spec.replace(/\W/g, '-')}`);
    mkdirSync(tools);
    this.#env = { ...env, ...environment(tools) };
    run('npm', ['install', '--silent', '--no-save', '--prefix', tools, spec], tools, env);
    const bin = join(tools, 'node_modules', '.bin');
    this.#command = join(bin, existsSync(join(bin, 'pnpm')) ? 'pnpm' : 'yarn');
  }

  install(folder) {
    const options = this.#command === 'npm' ? ['--no-audit', '--loglevel=error'] : [];
    run(this.#command, ['install', ...options], folder, this.#env);
  }

  run(script, folder, env) {
    return run(this.#command, ['run', script], folder, { ...this.#env, ...env });
  }
}

/** Yarn does not read npm's configuration. Stores of packages are in the temporary folder. */
function environment(tools) {
  const registry = run('npm', ['config', 'get', 'registry'], tools).trim();
  return {
    YARN_REGISTRY: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_ENABLE_TELEMETRY: '0',
    YARN_CACHE_FOLDER: join(tools, 'cache'),
    YARN_GLOBAL_FOLDER: join(tools, 'global'),
    XDG_DATA_HOME: join(tools, 'data'),
    XDG_CACHE_HOME: join(tools, 'cache'),
    XDG_STATE_HOME: join(tools, 'state'),
  };
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function timed(work) {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1_000;
  try {
    work();
    return { seconds: seconds() };
  } catch (error) {
    return { seconds: seconds(), error: error.message };
  }
}

function expectAnswer(printed, name) {
  if (!printed.includes(`hello, ${name}`)) throw new Error(`it printed: ${printed}`);
}

function run(command, args, cwd, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout,
    env: { ...process.env, ...env },
  });
  if (status === 0) return stdout + stderr;
  throw new Error(`${command} ${args.join(' ')} failed (${status ?? error}):\n${stdout}${stderr}`);
}
