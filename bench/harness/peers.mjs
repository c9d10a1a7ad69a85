// What the command needs besides the package: the peers, and descriptors for one of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFolder } from '../../scripts/install-folder.mjs';
import { protoFolder, runProtoc } from '../../scripts/protoc.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Installs the peers if they are missing or another lockfile's. */
export function installPeers(signal) {
  return installFolder(folder, signal);
}

/** Writes the descriptors of etcd's services to a file until the process ends; its path is `BENCH_DESCRIPTORS`. */
export function writeDescriptors() {
  const scratch = mkdtempSync(join(tmpdir(), 'etcd-naming-bench-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const file = join(scratch, 'descriptors');
  runProtoc(['--include_imports', `--descriptor_set_out=${file}`, `-I${protoFolder}`, 'etcd/rpc.proto']);
  process.env.BENCH_DESCRIPTORS = file;
}
