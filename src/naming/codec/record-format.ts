import type { KeyValue } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';

/** Why a key-value is not an endpoint: its value is not readable, or it is not a record of the service. */
export type NoEndpoint = 'invalid' | 'foreign';

/** An endpoint, with the name of its codec if that is not the default. */
export interface DecodedEndpoint extends Endpoint {
  readonly codec?: string;
}

/** How the records of one service are stored. */
export interface RecordFormat {
  /** The key prefix of the records. */
  readonly prefix: string;
  /** Whether a record can say that its endpoint is draining. */
  readonly canDrain: boolean;
  decode(key: string, value: Buffer): DecodedEndpoint | NoEndpoint;
  /** @throws {NamingError} for an endpoint that cannot be stored. */
  encode(key: string, endpoint: Endpoint): Buffer;
  /** Reduces the memory of a key-value in a mirror. A large value that is not an endpoint is replaced by its hash. */
  readonly retain: (kv: KeyValue) => KeyValue;
}
