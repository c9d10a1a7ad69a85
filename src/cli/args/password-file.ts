import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, usageError } from '../errors.js';

/** Far above any password. Reading stops here, because a file such as `/dev/zero` has no end. */
const maxBytes = 64 * 1024;
/** How long a pipe may have no writer before anything is read from it. */
const pipeWriterTimeoutMs = 5_000;
const pollIntervalMs = 20;

/** The passwords read from pipes, by path: a pipe can be read only once. */
const pipePasswords = new Map<string, string>();

/**
 * Reads the password in a file. A regular file is read each time, so that it may be replaced. One line end at the end
 * of the file is not part of the password.
 * @throws {CliError} that names the file and never contains its content.
 */
export async function readPassword(path: string): Promise<string> {
  const known = pipePasswords.get(path);
  if (known !== undefined) return known;
  const { bytes, isRegular } = await read(path);
  if (bytes.length > maxBytes) throw usageError(`--password-file ${path} has more than ${maxBytes} bytes`);
  const password = decode(path, bytes).replace(/\r?\n$/, '');
  if (password === '') throw usageError(`--password-file ${path} is empty`);
  if (!isRegular) pipePasswords.set(path, password);
  return password;
}

/** Opens without blocking: otherwise opening a pipe waits for a writer, in a thread that nothing can interrupt. */
async function read(path: string): Promise<{ bytes: Buffer; isRegular: boolean }> {
  try {
    if (path === '/dev/stdin') return { bytes: await readStdin(), isRegular: false };
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      const writerTimeoutMs = stats.isFIFO() ? pipeWriterTimeoutMs : 0;
      return { bytes: await readUpToLimit(path, file, writerTimeoutMs), isRegular: stats.isFile() };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usageError(`--password-file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Reads at most one byte more than allowed, which shows that the file is too long. */
async function readUpToLimit(path: string, file: FileHandle, writerTimeoutMs: number): Promise<Buffer> {
  const bytes = Buffer.alloc(maxBytes + 1);
  const writerDeadline = performance.now() + writerTimeoutMs;
  let length = 0;
  while (length < bytes.length) {
    const count = await readAvailable(file, bytes, length);
    if (count === 'none yet') {
      await delay(pollIntervalMs);
    } else if (count > 0) {
      length += count;
    } else if (length === 0 && writerTimeoutMs > 0) {
      // The pipe has no writer yet, or its writer closed it without writing.
      if (performance.now() > writerDeadline)
        throw usageError(`--password-file ${path} is a pipe that nothing was written to`);
      await delay(pollIntervalMs);
    } else break;
  }
  return bytes.subarray(0, length);
}

/** Reads the open descriptor: `/dev/stdin` cannot be opened if it is a socket, as in a process that Node started. */
async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks);
}

/** Returns the number of bytes read; 0 at the end of the file and for a pipe without a writer. */
async function readAvailable(file: FileHandle, bytes: Buffer, length: number): Promise<number | 'none yet'> {
  try {
    return (await file.read(bytes, length, bytes.length - length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'none yet';
    throw error;
  }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`--password-file ${path} is not UTF-8`);
  }
}
