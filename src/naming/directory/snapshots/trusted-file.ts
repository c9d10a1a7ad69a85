import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Code, EtcdError } from '../../../errors/index.js';

/** With these flags, `open` neither follows a symbolic link nor waits for a pipe's writer. Windows has neither flag. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const writableByOthers = 0o022;

/**
 * Reads a file that a process of this user wrote; undefined when it does not exist.
 * @throws {EtcdError} FAILED_PRECONDITION for a file that another user may have put there: a symbolic link, a pipe, a
 *   device, or a file that another user owns or can write; and for a file larger than `maxBytes`. Errors of the file
 *   system pass through.
 */
export async function readTrustedFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const file = await openFile(path);
  if (!file) return undefined;
  try {
    const stats = await file.stat();
    const reason = refusalReason(stats, maxBytes);
    if (reason) throw refusedError(path, reason);
    return await readUpTo(file, stats.size);
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'EMLINK') throw refusedError(path, 'is a symbolic link', error);
    throw error;
  }
}

/** Why the file is not trusted. Where there are no user ids, as on Windows, only the folder's access rules protect it. */
function refusalReason(stats: Stats, maxBytes: number): string | undefined {
  const user = process.geteuid?.();
  if (!stats.isFile()) return 'is not a regular file';
  if (user !== undefined && stats.uid !== user) return `belongs to user ${stats.uid}, and not to ${user}`;
  if (user !== undefined && (stats.mode & writableByOthers) !== 0) return 'can be written by other users';
  if (stats.size > maxBytes) return `has ${stats.size} bytes, more than the ${maxBytes} that are written`;
  return undefined;
}

/** Reads no more than the size that was checked, so that a growing file does not fill the memory. */
async function readUpTo(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let end = 0;
  while (end < size) {
    const { bytesRead } = await file.read(bytes, end, size - end, end);
    if (bytesRead === 0) break;
    end += bytesRead;
  }
  return bytes.subarray(0, end);
}

function refusedError(path: string, reason: string, cause?: unknown): EtcdError {
  return new EtcdError(`the snapshot '${path}' ${reason}, so it is not used`, {
    code: Code.FAILED_PRECONDITION,
    cause,
  });
}
