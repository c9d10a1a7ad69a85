import { resultToJson } from './json.js';
import type { KeyValue } from './key-value.js';

const none = Buffer.alloc(0);

/**
 * What the generated decoder fills for each key-value. A class, so that `toJSON` costs a key-value nothing: a hundred
 * thousand of them share one prototype and one shape.
 */
export class StoredKeyValue implements KeyValue {
  key: Buffer = none;
  createRevision = 0n;
  modRevision = 0n;
  version = 0n;
  value: Buffer = none;
  lease = 0n;

  static {
    // As every result's: see `withJson`.
    Object.defineProperty(StoredKeyValue.prototype, 'constructor', { value: Object });
  }

  toJSON(): object {
    return resultToJson(this);
  }
}
