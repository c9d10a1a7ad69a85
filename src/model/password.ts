import { InvalidInputError } from '../errors/index.js';
import { hasLoneSurrogate, loneSurrogateText } from './lone-surrogate.js';

/** etcd stores the bcrypt hash of a password. bcrypt ignores what follows this byte, and newer releases of etcd refuse it. */
const maxPasswordBytes = 72;

/** @throws {InvalidInputError} unless the value is a password that etcd can store. The error does not contain it. */
export function checkNewPassword(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '')
    throw new InvalidInputError(`${name} is ${value === '' ? 'empty' : 'not a string'}`);
  if (hasLoneSurrogate(value)) throw new InvalidInputError(`${name} ${loneSurrogateText}`);
  if (Buffer.byteLength(value) > maxPasswordBytes)
    throw new InvalidInputError(
      `${name} has more than ${maxPasswordBytes} bytes in UTF-8, the most that etcd's bcrypt takes`,
    );
}
