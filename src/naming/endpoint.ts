import type { LeaseId, Revision } from '../model/index.js';

/** Any JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/** One address of a service, like Go's `endpoints.Endpoint`. */
export interface Endpoint {
  /** The address to dial: `host:port`, an IPv6 host in brackets. */
  readonly addr: string;
  /**
   * Any JSON value; undefined is stored as null. Weight, zone and status are members of the metadata, because Go's format
   * has no other place for them.
   */
  readonly metadata?: JsonValue | undefined;
}

/** A stored endpoint. */
export interface EndpointRecord extends Endpoint {
  /**
   * The full key, `<target>/<id>`, as text. Each byte that is not UTF-8 is a lone surrogate (see {@link keyText}). Every
   * function that takes a key accepts this text, and JSON preserves it.
   */
  readonly key: string;
  /** The revision that created the record. */
  readonly createRevision: Revision;
  /** The revision of the record's last change. */
  readonly modRevision: Revision;
  /** The lease of the record; 0 for none. */
  readonly lease: LeaseId;
  /** The name of the codec that decoded the record. Absent without the option `codec`. */
  readonly codec?: string;
}
