import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { wrongUsage } from './failure.js';

/** Far above any password; `/dev/zero` has no end. */
const maxBytes = 64 * 1024;

/** What pipes gave, which give it once. */
const fromPipes = new Map<string, string>();

/**
 * The password in a file, read again each time, so that it may be replaced; one line end behind it does not count.
 * @throws {Failure} naming the file, never what is in it.
 */
export function readPassword(path: string): string {
  const known = fromPipes.get(path);
  if (known !== undefined) return known;
  const { bytes, isRegular } = read(path);
  if (bytes.length > maxBytes) throw wrongUsage(`--password-file ${path} has more than ${maxBytes} bytes`);
  const password = decode(path, bytes).replace(/\r?\n$/, '');
  if (password === '') throw wrongUsage(`--password-file ${path} is empty`);
  if (!isRegular) fromPipes.set(path, password);
  return password;
}

function read(path: string): { bytes: Buffer; isRegular: boolean } {
  try {
    const file = openSync(path, 'r');
    try {
      return { bytes: readAll(file), isRegular: fstatSync(file).isFile() };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw wrongUsage(`--password-file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** One byte more than allowed, at most. */
function readAll(file: number): Buffer {
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
    throw wrongUsage(`--password-file ${path} is not UTF-8`);
  }
}
