import { InvalidInputError } from '../../errors/index.js';
import { type Bytes, keyBytes } from '../../model/index.js';

/**
 * The bytes of a queue's name.
 * @throws {InvalidInputError} for an empty one, whose queue would be all keys that begin with a slash.
 */
export function queueName(name: Bytes, what: string): Buffer {
  const bytes = keyBytes(name);
  if (bytes.length === 0) throw new InvalidInputError(`the name of the ${what} is empty`);
  return bytes;
}

/**
 * The prefix of a queue's keys.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/concurrency/mutex.go#L40
 */
export function queuePrefix(name: Buffer): Buffer {
  return Buffer.concat([name, Buffer.from('/')]);
}
