import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import { keyAfter } from './key-range.js';

/**
 * Where a range goes on after a page of it that was to begin at `start`.
 * @throws {EtcdError} INTERNAL where the page leads no further: whoever repeats keys, or promises more without giving
 *   any, would be asked forever.
 */
export function nextPageStart(
  start: Buffer,
  kvs: readonly { readonly key: Buffer }[],
  more: boolean,
): Buffer {
  const last = kvs[kvs.length - 1];
  if (last ? last.key.compare(start) < 0 : more) throw outOfOrder();
  return last ? keyAfter(last.key) : start;
}

function outOfOrder(): EtcdError {
  return errorFromServer(Code.INTERNAL, 'the server does not answer a range in the order of keys');
}
