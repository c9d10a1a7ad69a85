import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withJson } from '../model/index.js';
import type { SavedSnapshot, SnapshotStream } from './snapshot.js';

/**
 * Writes a snapshot beside `path` and renames it when it is complete, so that a file of that name is never a half one.
 * The file and its name are on the disk when this resolves.
 */
export async function saveSnapshot(snapshot: SnapshotStream, path: string): Promise<SavedSnapshot> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await using(await open(draft, 'wx', 0o600), async (file) => {
      for await (const part of snapshot) await file.writeFile(part); // at the file's position
      await file.sync();
    });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return withJson({ bytes: snapshot.receivedBytes, version: snapshot.version });
}

async function using(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** Windows cannot open a folder, and some network file systems cannot sync one. The file itself is synced in any case. */
async function syncFolder(folder: string): Promise<void> {
  await open(folder, 'r')
    .then((handle) => using(handle, () => handle.sync()))
    .catch(() => {});
}
