import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wrongTypeError, wrongValueError } from '../../../model/index.js';
import { checkSnapshotSize, maxSnapshotBytes, type SnapshotStore } from './snapshot.js';
import { readTrustedFile } from './trusted-file.js';

const digestBytes = 32;
/** No write takes this long, so an older draft belongs to a process that was killed. */
const staleDraftMs = 60_000;

/**
 * Stores snapshots as files in a folder, one file per target, for the processes of one user. `save` writes a draft and
 * renames it, so a crash leaves either the old or the new file. `load` ignores a file with a wrong checksum. It rejects
 * for a symbolic link, for anything but a regular file, and for a file that another user owns or can write; the directory
 * reports the error as `snapshotError`. The first save creates the folder, with mode 0700.
 */
export function fileSnapshotStore(folder: string): SnapshotStore {
  checkFolder(folder);
  const pathOf = (target: string) => join(folder, fileName(target));
  let draftsRemoved: Promise<void> | undefined;
  return {
    async load(target) {
      const bytes = await readTrustedFile(pathOf(target), digestBytes + maxSnapshotBytes);
      return bytes && verifyChecksum(bytes);
    },
    async save(target, snapshot) {
      checkSnapshotSize(target, snapshot);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      draftsRemoved ??= removeStaleDrafts(folder).catch(() => {}); // drafts that stay do no harm
      await draftsRemoved;
      const path = pathOf(target);
      const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.draft`;
      try {
        const file = await open(draft, 'wx', 0o600);
        try {
          await file.writeFile(addChecksum(snapshot));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(draft, path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
  };
}

/** Removes the drafts of killed processes. The age protects the draft that another process is writing. */
async function removeStaleDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/\.snapshot\.\d+\.\w+\.draft$/.test(name)) continue;
    const path = join(folder, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > staleDraftMs) await rm(path, { force: true });
  }
}

/** A readable form of the target, limited to characters that are safe in a file name, and a hash that makes it unique. */
function fileName(target: string): string {
  const readable = target.replace(/[^\w.-]+/g, '_').slice(0, 80);
  return `${readable}-${createHash('sha256').update(target).digest('hex').slice(0, 16)}.snapshot`;
}

function addChecksum(snapshot: Uint8Array): Buffer {
  return Buffer.concat([createHash('sha256').update(snapshot).digest(), snapshot]);
}

function verifyChecksum(bytes: Buffer): Buffer | undefined {
  const snapshot = bytes.subarray(digestBytes);
  const digest = createHash('sha256').update(snapshot).digest();
  return digest.equals(bytes.subarray(0, digestBytes)) ? snapshot : undefined;
}

function checkFolder(folder: unknown): void {
  if (typeof folder !== 'string') throw wrongTypeError('folder', folder, 'a path');
  if (folder === '' || folder.includes('\0')) throw wrongValueError('folder', folder, 'a path');
}
