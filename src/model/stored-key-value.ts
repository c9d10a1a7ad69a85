import { resultToJson } from './json/json.js';
import type { KeyValue } from './key-value.js';

const none = Buffer.alloc(0);

/**
 * The key-value object that the generated decoder fills. It is a class so that `toJSON` costs nothing per key-value:
 * all of them share one prototype and one shape.
 */
export class StoredKeyValue implements KeyValue {
  key: Buffer = none;
  createRevision = 0n;
  modRevision = 0n;
  version = 0n;
  value: Buffer = none;
  lease = 0n;

  static {
    // As on every result; see `withJson`.
    Object.defineProperty(StoredKeyValue.prototype, 'constructor', { value: Object });
  }

  toJSON(): object {
    return resultToJson(this);
  }
}
