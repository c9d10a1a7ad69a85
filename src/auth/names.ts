import { InvalidInputError } from '../errors/index.js';
import { text } from '../model/index.js';

/** @throws {InvalidInputError} unless the name of a user or role is a string and not empty. */
export function checkName(name: string, what: string): void {
  text(name, what);
  if (name === '') throw new InvalidInputError(`${what} is empty`);
}
