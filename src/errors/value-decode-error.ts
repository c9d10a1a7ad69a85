import { brand } from './brand.js';
import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';

/**
 * A stored value is not what `decode` was asked for. The message names the key and what is wrong with the value, and
 * never contains the value. Nothing is wrong with etcd or with the connection: find the client that wrote the value.
 */
export class ValueDecodeError extends EtcdError {
  static {
    brand(ValueDecodeError, 'ValueDecodeError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'ValueDecodeError';
  /** The key of the value, as `keyText` represents it. */
  readonly key: string;

  /** @param cause What a validator threw or returned. It may contain the value. */
  constructor(message: string, key: string, cause?: unknown) {
    super(message, { code: Code.DATA_LOSS, cause });
    this.key = key;
  }
}
