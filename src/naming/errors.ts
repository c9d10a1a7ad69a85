import { brand, Code, EtcdError } from '../errors/index.js';

/** A name, key or endpoint is invalid. Thrown before a request is sent, with Go's text where Go has one. */
export class NamingError extends EtcdError {
  static {
    brand(NamingError, 'NamingError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'NamingError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: Code.INVALID_ARGUMENT, cause });
  }
}

/** A stored value is not an endpoint in Go's JSON format. */
export class EndpointDecodeError extends EtcdError {
  static {
    brand(EndpointDecodeError, 'EndpointDecodeError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'EndpointDecodeError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: Code.DATA_LOSS, cause });
  }
}

/** The key of a registration is taken by another registration's record. */
export class ConflictError extends EtcdError {
  static {
    brand(ConflictError, 'ConflictError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'ConflictError';

  constructor(message: string) {
    super(message, { code: Code.ALREADY_EXISTS });
  }
}
