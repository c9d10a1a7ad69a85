import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSnapshotSize, maxSnapshotBytes, type SnapshotStore } from './snapshot.js';
import { readTrustedFile } from './trusted-file.js';

const digestBytes = 32;
/** No write takes so long. */
const staleDraftMs = 60_000;

/**
 * Snapshots as files of a folder, one a target, for the processes of one user. Each is stats whole beside the old one
 * and then takes its place, so that a crash leaves the one or the other; a damaged file, which its checksum shows, counts
 * as none. A file that another user owns or may write, a link and what is no file are not read: `load` rejects, and the
 * directory reports it as `snapshotError`. The folder is made when it is first needed.
 */
export function fileSnapshotStore(folder: string): SnapshotStore {
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
      draftsRemoved ??= removeStaleDrafts(folder).catch(() => {}); // at worst they stay
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

/** Removes what was left by processes that were killed while they wrote; another's of this moment is none of these. */
async function removeStaleDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/\.snapshot\.\d+\.\w+\.draft$/.test(name)) continue;
    const path = join(folder, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > staleDraftMs) await rm(path, { force: true });
  }
}

/** Readable as far as that is safe in a file's name, and unique by the hash. */
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
