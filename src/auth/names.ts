import { InvalidInputError } from '../errors/index.js';
import { wellFormedText } from '../model/index.js';

/**
 * The longest key of etcd's database. etcd stores users and roles under their names, does not check their length, and
 * exits at a longer one, also after every restart.
 *
 * Specification: https://github.com/etcd-io/bbolt/blob/v1.4.3/bucket.go#L14
 */
const maxNameBytes = 32_768;

/** @throws {InvalidInputError} unless the name of a user or role is a string that etcd can store. */
export function checkName(name: string, what: string): void {
  wellFormedText(name, what);
  if (name === '') throw new InvalidInputError(`${what} is empty`);
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes)
    throw new InvalidInputError(
      `${what} has ${bytes} bytes; the database of etcd (bbolt) stores at most ${maxNameBytes}, and etcd exits at a longer name`,
    );
}
