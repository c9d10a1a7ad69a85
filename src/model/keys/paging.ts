import { Code, type EtcdError, errorFromServer } from '../../errors/index.js';
import { keyAfter } from './key-range.js';

/**
 * The first key of the page after the one that was requested from `start`.
 * @throws {EtcdError} INTERNAL when the page makes no progress: with a server that repeats keys, or announces more keys
 *   without returning any, paging would not end.
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
