import type { LeaseId, Revision } from '../model/index.js';

/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/** One address of a service, as Go's `endpoints.Endpoint`. */
export interface Endpoint {
  /** Where to dial: `host:port`, an IPv6 host in brackets. */
  readonly addr: string;
  /** Anything JSON can hold; absent is stored as null. Weight, zone and the like go in here, so that Go still reads the record. */
  readonly metadata?: JsonValue | undefined;
}

/** An endpoint as it is stored. */
export interface EndpointRecord extends Endpoint {
  /**
   * The whole key, `<target>/<id>`, as text: that of its UTF-8, with each byte that is not UTF-8 as a lone surrogate (see
   * {@link keyText}). Whatever takes a key takes this text, and JSON keeps it.
   */
  readonly key: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** The lease it lives by; 0 for none. */
  readonly lease: LeaseId;
}
