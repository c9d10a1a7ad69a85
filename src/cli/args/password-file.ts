import { usageError } from '../errors.js';
import { nameOf, readBounded } from './bounded-file.js';

/** Far above any password. */
const maxBytes = 64 * 1024;

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
  const name = nameOf({ option: 'password-file', path });
  const { bytes, isRegular } = await readBounded({ option: 'password-file', path }, maxBytes);
  const password = decode(name, bytes).replace(/\r?\n$/, '');
  if (password === '') throw usageError(`${name} is empty`);
  if (!isRegular) pipePasswords.set(path, password);
  return password;
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`${name} is not UTF-8`);
  }
}
