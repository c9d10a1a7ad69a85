import type { Endpoint } from '../endpoint.js';

/** The place of a record in the store. */
export interface RecordPlace {
  /** The service's name, as in the target. */
  readonly service: string;
  /** The full key, as text. Each byte that is not UTF-8 is a lone surrogate, as in `EndpointRecord.key`. */
  readonly key: string;
  /** The part of the key after the service's prefix. */
  readonly id: string;
}

/** A stored record, as a codec gets it. */
export interface EncodedRecord extends RecordPlace {
  /** The stored bytes. Not to be changed. */
  readonly value: Buffer;
}

/**
 * A record format: where the records of a service are stored, and how a key and a value become an endpoint, and back. A
 * codec is a plain object without state. `@org/etcd-naming/codecs` has those of other frameworks; write one for any other
 * format whose records have keys of the form `<prefix>/<id>`.
 *
 * Weight, zone and status are members of an endpoint's metadata: a codec whose format stores them elsewhere reads them
 * into `weight` (a number), `zone` and `status`, and writes them back.
 */
export interface EndpointCodec {
  /** The format's name, for errors and lists: `kratos`. */
  readonly name: string;
  /** Returns the prefix of the keys of a service's records; it ends with a slash. */
  keyPrefix(service: string): string;
  /**
   * Decodes a record. Returns undefined for a key or a value that belongs to another service: the record is left out. An
   * exception makes the record invalid, whatever it is: the other records are not affected. Throw `EndpointDecodeError`,
   * with a text that says what is wrong with the value.
   */
  decode(record: EncodedRecord): Endpoint | undefined;
  /**
   * Encodes an endpoint to the bytes, or the text, to store. Default: the codec only reads.
   * @throws {NamingError} for an endpoint that the format cannot express; nothing is then written.
   */
  encode?(endpoint: Endpoint, place: RecordPlace): Uint8Array | string;
  /**
   * Returns the id of a registration that has none. Workers that share a port get their number with the address, so that
   * each has a record: `10.0.0.7:50051#2`. Default: the text with its slashes escaped.
   */
  defaultId?(addr: string): string;
  /**
   * Whether a record can say in its metadata that its endpoint is draining. Default true. With false, `drain()` deletes
   * the record without a status before.
   */
  readonly canDrain?: boolean;
  /**
   * Distinguishes codecs with the same name and key prefix that decode differently, such as by an option: a view that one
   * of them saved in a `SnapshotStore` is not one of the other. Default: none.
   */
  readonly variant?: string;
  /** The prefix of the keys of all services, for lists of services. Default: every key. */
  readonly root?: string;
  /**
   * Returns the service whose record has the key, for lists of services and for suggestions; undefined for a key that is
   * not a record's. Default: the key up to its last slash.
   */
  serviceOf?(key: string): string | undefined;
}
