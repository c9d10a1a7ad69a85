import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '#src/testing/binary/cache.js';

/** There is no Go toolchain, or the Go modules are not available. */
export class GoMissingError extends Error {}

/** The folders of `test/interop` that contain a Go program. */
export type GoProgram =
  | 'go-naming'
  | 'go-corpus'
  | 'go-parsers'
  | 'go-keys'
  | 'go-lock'
  | 'go-election'
  | 'coredns'
  | 'kratos'
  | 'go-micro'
  | 'go-zero'
  | 'kitex';

/** go-zero without its resolver for Kubernetes, whose modules take minutes to build. */
const tags = ['-tags', 'no_k8s'];

const run = promisify(execFile);
const built = new Map<GoProgram, Promise<string>>();

/**
 * Builds a program that uses Go's own packages, and returns its path. It is built once, into the cache; its name
 * contains a hash of its sources and module versions. Set `GO` to use a toolchain that is not on `PATH`.
 * @throws {GoMissingError} without a Go toolchain or without the modules; the compiler's error if it does not compile.
 */
export function goProgram(name: GoProgram): Promise<string> {
  const program =
    built.get(name) ?? buildGo(name, join(import.meta.dirname, '../../../../test/interop', name));
  built.set(name, program);
  return program;
}

/** The same for the sources in a folder, which are not built again as long as they stay the same. */
export async function buildGo(name: string, sources: string): Promise<string> {
  const program = join(cacheFolder(), `${name}-${hashOf(sources)}-${process.platform}-${process.arch}`);
  if (existsSync(program)) return program;
  await go(sources, ['version']).catch((error) => {
    throw new GoMissingError('there is no Go toolchain', { cause: error });
  });
  // Unlike `go mod download`, it fetches only the modules that the program imports.
  await go(sources, ['list', ...tags, '-deps', '.']).catch((error: Error & { stderr?: string }) => {
    const lines = (error.stderr ?? error.message).trim().split('\n');
    const why = lines.find((line) => !line.startsWith('go: downloading'));
    throw new GoMissingError(`its Go modules are not available: ${why}`);
  });
  const folder = mkdtempSync(join(cacheFolder(), '.new-'));
  try {
    await go(sources, ['build', ...tags, '-trimpath', '-o', join(folder, name), '.']);
    renameSync(join(folder, name), program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

function go(cwd: string, args: readonly string[]) {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  return run(process.env['GO'] ?? 'go', args, { cwd, env, maxBuffer: 16 << 20 });
}

/** Also of the folders beside it that its module uses: `replace lines => ../go-lines`. */
function hashOf(folder: string): string {
  const hash = createHash('sha256');
  const module = readFileSync(join(folder, 'go.mod'), 'utf8');
  const used = [...module.matchAll(/^replace .* => (\.\.\/\S+)$/gm)].map(([, path = '']) => path);
  for (const part of [folder, ...used.map((path) => join(folder, path))])
    for (const name of readdirSync(part).sort()) hash.update(name).update(readFileSync(join(part, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The folder with the sources of a module that the Go programs use. */
export async function goModuleFolder(module: string): Promise<string> {
  const { stdout } = await go(join(import.meta.dirname, '../../../../test/interop/go-naming'), [
    ...['list', '-m', '-f', '{{.Dir}}', module],
  ]);
  return stdout.trim();
}
