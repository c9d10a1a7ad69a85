import { brand, Code, EtcdError } from '../errors/index.js';

/** A name, key or endpoint that is refused before anything is sent, in Go's words where Go has some. */
export class NamingError extends EtcdError {
  static {
    brand(NamingError, 'NamingError');
  }

  override readonly name = 'NamingError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: Code.INVALID_ARGUMENT, cause });
  }
}

/** A stored value that is not an endpoint in Go's JSON. */
export class EndpointDecodeError extends EtcdError {
  static {
    brand(EndpointDecodeError, 'EndpointDecodeError');
  }

  override readonly name = 'EndpointDecodeError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: Code.DATA_LOSS, cause });
  }
}

/** The key of a registration is another's record. */
export class ConflictError extends EtcdError {
  static {
    brand(ConflictError, 'ConflictError');
  }

  override readonly name = 'ConflictError';

  constructor(message: string) {
    super(message, { code: Code.ALREADY_EXISTS });
  }
}
