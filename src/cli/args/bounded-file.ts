import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, usageError } from '../errors.js';

/** How long a pipe may have no writer before anything is read from it. */
const pipeWriterTimeoutMs = 5_000;
const pollIntervalMs = 20;

/** Far above any file of certificates. */
const maxPemBytes = 2 ** 20;

/** A file that an option names. */
export interface OptionFile {
  /** The option's name, without dashes. */
  readonly option: string;
  readonly path: string;
}

/** The content of a file, and whether it can be read again. */
export interface FileContent {
  readonly bytes: Buffer;
  /** False for a pipe. */
  readonly isRegular: boolean;
}

/** Reads certificates or a key. @throws {CliError} that names the option and the file. */
export async function readPem(option: string, path: string): Promise<Buffer> {
  return (await readBounded({ option, path }, maxPemBytes)).bytes;
}

/**
 * Reads a file that is not larger than this: one such as `/dev/zero` has no end.
 * @throws {CliError} that names the option and the file.
 */
export async function readBounded(file: OptionFile, maxBytes: number): Promise<FileContent> {
  const content = await readAtMost(file, maxBytes + 1);
  if (content.bytes.length > maxBytes) throw usageError(`${nameOf(file)} has more than ${maxBytes} bytes`);
  return content;
}

/** As a message begins. */
export function nameOf({ option, path }: OptionFile): string {
  return `--${option} ${path}`;
}

/** Opens without blocking: otherwise opening a pipe waits for a writer, in a thread that nothing can interrupt. */
async function readAtMost(file: OptionFile, size: number): Promise<FileContent> {
  try {
    if (file.path === '/dev/stdin') return { bytes: await readStdin(size), isRegular: false };
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const writerTimeoutMs = stats.isFIFO() ? pipeWriterTimeoutMs : 0;
      const bytes = await readHandle(file, handle, size, writerTimeoutMs);
      return { bytes, isRegular: stats.isFile() };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usageError(`${nameOf(file)} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function readHandle(
  file: OptionFile,
  handle: FileHandle,
  size: number,
  writerTimeoutMs: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  const writerDeadline = performance.now() + writerTimeoutMs;
  let length = 0;
  while (length < bytes.length) {
    const count = await readAvailable(handle, bytes, length);
    if (count === 'none yet') {
      await delay(pollIntervalMs);
    } else if (count > 0) {
      length += count;
    } else if (length === 0 && writerTimeoutMs > 0) {
      // The pipe has no writer yet, or its writer closed it without writing.
      if (performance.now() > writerDeadline)
        throw usageError(`${nameOf(file)} is a pipe that nothing was written to`);
      await delay(pollIntervalMs);
    } else break;
  }
  return bytes.subarray(0, length);
}

/** Reads the open descriptor: `/dev/stdin` cannot be opened if it is a socket, as in a process that Node started. */
async function readStdin(size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= size) break;
  }
  return Buffer.concat(chunks);
}

/** Returns the number of bytes read; 0 at the end of the file and for a pipe without a writer. */
async function readAvailable(
  handle: FileHandle,
  bytes: Buffer,
  length: number,
): Promise<number | 'none yet'> {
  try {
    return (await handle.read(bytes, length, bytes.length - length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'none yet';
    throw error;
  }
}
