// What the command needs besides the package: the peers, and descriptors for one of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { protoFolder, runProtoc } from '../../scripts/protoc.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Installs the peers if they are missing or another lockfile's. */
export async function installPeers(signal) {
  const lock = join(folder, 'package-lock.json');
  const installed = join(folder, 'node_modules/.installed-package-lock.json');
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return;
  console.log('installing the peers in bench');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--prefix', folder];
  const npm = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], signal });
  const [code] = await once(npm, 'exit');
  if (code !== 0) throw new Error(`npm ci --prefix bench ended with ${code}`);
  copyFileSync(lock, installed);
}

/** Writes the descriptors of etcd's services to a file until the process ends; its path is `BENCH_DESCRIPTORS`. */
export function writeDescriptors() {
  const scratch = mkdtempSync(join(tmpdir(), 'etcd-naming-bench-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const file = join(scratch, 'descriptors');
  runProtoc(['--include_imports', `--descriptor_set_out=${file}`, `-I${protoFolder}`, 'etcd/rpc.proto']);
  process.env.BENCH_DESCRIPTORS = file;
}
