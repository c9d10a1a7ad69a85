import type { EndpointRecord } from '../endpoint.js';
import type { PickCount } from '../pick-counts.js';
import { type SelectedAddress, textOf } from '../selection/index.js';

/**
 * An endpoint that {@link EndpointPicker.pick} returned. It is the same object as long as its address is registered, so it
 * may be the key of a Map or WeakMap of connections. It is frozen, because later picks return it too.
 */
export interface PickedEndpoint {
  /**
   * The address as it is written in a URL: `10.0.0.7:8080`, `[2001:db8::7]:8080`; `unix:/run/app.sock` for a socket file.
   * 443 is the port of a record without one.
   */
  readonly addr: string;
  /** The host, an IPv6 address without brackets; undefined for a socket file. */
  readonly host: string | undefined;
  /** The port; undefined for a socket file. */
  readonly port: number | undefined;
  /** The path of the socket file; undefined for other addresses. */
  readonly path: string | undefined;
  /** The record as it is now; the first one if several records have the address. */
  readonly record: EndpointRecord;
  /**
   * Reports that the endpoint could not be reached: it is not picked for a second or two, and after further reports for up
   * to 31 s, unless all other endpoints are unhealthy too. Reports during that time count as one, as those of many requests
   * that one lost connection fails. Do nothing for an answer such as 404, which shows that the endpoint is alive.
   */
  markUnhealthy(): void;
}

/** An address that a picker has. It is frozen, except for its record. */
export class ListedEndpoint implements PickedEndpoint {
  readonly addr: string;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string | undefined;
  declare readonly record: EndpointRecord;
  #record: EndpointRecord;
  readonly #count: PickCount;
  readonly #onUnhealthy: (endpoint: ListedEndpoint) => void;

  constructor(selected: SelectedAddress, count: PickCount, onUnhealthy: (endpoint: ListedEndpoint) => void) {
    const { address, record } = selected;
    const tcp = 'path' in address ? undefined : address;
    this.addr = textOf(selected);
    this.host = tcp?.host;
    this.port = tcp?.port;
    this.path = 'path' in address ? address.path : undefined;
    this.#record = record;
    this.#count = count;
    this.#onUnhealthy = onUnhealthy;
    // A property of the object, not of its class, so that copies and JSON have it.
    Object.defineProperty(this, 'record', { get: () => this.#record, enumerable: true });
    Object.freeze(this);
  }

  /** Not a method of an endpoint, which callers could call. */
  static setRecord(endpoint: ListedEndpoint, record: EndpointRecord): void {
    endpoint.#record = record;
  }

  static countOf(endpoint: ListedEndpoint): PickCount {
    return endpoint.#count;
  }

  markUnhealthy(): void {
    this.#onUnhealthy(this);
  }
}
