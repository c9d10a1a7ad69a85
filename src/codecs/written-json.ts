import { NamingError } from '../naming/errors.js';

/** What goJson writes for a lone surrogate; a backslash before it would be part of an escaped backslash. */
const replaced = /(?<!\\)(?:\\\\)*\\ufffd/;

/**
 * Returns a record that goJson wrote.
 * @throws {NamingError} if a text had a lone surrogate: it is read as U+FFFD, which is written as another record.
 */
export function checkWrittenJson(json: string): string {
  if (replaced.test(json)) throw new NamingError('the endpoint has a text with a lone surrogate');
  return json;
}
