import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { usageError } from '../errors.js';

/** Far above any password. Reading stops here, because a file such as `/dev/zero` has no end. */
const maxBytes = 64 * 1024;

/** The passwords read from pipes, by path: a pipe can be read only once. */
const pipePasswords = new Map<string, string>();

/**
 * Reads the password in a file. A regular file is read each time, so that it may be replaced. One line end at the end
 * of the file is not part of the password.
 * @throws {CliError} that names the file and never contains its content.
 */
export function readPassword(path: string): string {
  const known = pipePasswords.get(path);
  if (known !== undefined) return known;
  const { bytes, isRegular } = read(path);
  if (bytes.length > maxBytes) throw usageError(`--password-file ${path} has more than ${maxBytes} bytes`);
  const password = decode(path, bytes).replace(/\r?\n$/, '');
  if (password === '') throw usageError(`--password-file ${path} is empty`);
  if (!isRegular) pipePasswords.set(path, password);
  return password;
}

function read(path: string): { bytes: Buffer; isRegular: boolean } {
  try {
    const file = openSync(path, 'r');
    try {
      return { bytes: readUpToLimit(file), isRegular: fstatSync(file).isFile() };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw usageError(`--password-file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Reads at most one byte more than allowed, which shows that the file is too long. */
function readUpToLimit(file: number): Buffer {
  const bytes = Buffer.alloc(maxBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`--password-file ${path} is not UTF-8`);
  }
}
