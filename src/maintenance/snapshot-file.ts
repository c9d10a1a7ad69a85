import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidInputError } from '../errors/index.js';
import { formatValue, withJson } from '../model/index.js';
import type { SavedSnapshot, SnapshotStream } from './snapshot.js';

/**
 * Writes a snapshot beside `path` and renames it when it is complete, so that a file of that name is never a half one.
 * The file and its name are on the disk when this resolves. A relative path is one of the working directory at the call.
 * Each call has a file of its own beside `path`, so that calls for one path do not disturb each other.
 * @throws {InvalidInputError} if the path is that of a folder, a device or another file that is not a regular one.
 */
export async function saveSnapshot(snapshot: SnapshotStream, relativePath: string): Promise<SavedSnapshot> {
  const path = resolve(relativePath);
  await checkReplaceable(path);
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await using(await open(draft, 'wx', 0o600), async (file) => {
      for await (const part of snapshot) await file.writeFile(part); // at the file's position
      await file.sync();
    });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {}); // the first error has the cause
    throw error;
  }
  await syncFolder(dirname(path));
  return withJson({ bytes: snapshot.receivedBytes, version: snapshot.version });
}

/** The rename would replace a device or a pipe by a file. Of a symbolic link, it replaces the link. */
async function checkReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile())
    throw new InvalidInputError(`path ${formatValue(path)} exists and is not a regular file`);
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
