import type { EtcdError } from '../../errors/index.js';
import { type Revision, withJson } from '../../model/index.js';
import type { EndpointRecord } from '../endpoint.js';
import { sameJson } from '../same-json.js';

/** What is known of a target. Stays as it is while etcd cannot be reached. */
export interface ServiceView {
  readonly target: string;
  /** In key order. With those that are held back from disappearing. */
  readonly endpoints: readonly EndpointRecord[];
  /** The revision of the store that this view shows. A newer one alone is no change, and is not told. */
  readonly revision: Revision;
  /** Keys whose value is not an endpoint. */
  readonly invalid: ReadonlySet<string>;
  /** Keys of endpoints that the store no longer has, kept because their loss is in doubt; see {@link LossProtectionOptions}. */
  readonly unconfirmed: ReadonlySet<string>;
}

export interface ServiceSubscriber {
  /** The whole view: at once if it is known, then after each change. */
  onView(view: ServiceView): void;
  /** Nothing is known yet, and this is why. What was known is not taken back. */
  onFailure(error: EtcdError): void;
}

/** Whether a subscriber would see no difference, but for the revision. */
export function isSameView(a: ServiceView, b: ServiceView): boolean {
  return (
    a.endpoints.length === b.endpoints.length &&
    a.endpoints.every((record, i) => isSameRecord(record, b.endpoints[i])) &&
    isSameSet(a.unconfirmed, b.unconfirmed) &&
    isSameSet(a.invalid, b.invalid)
  );
}

/** By its value, too: another store may have the same revisions and leases. */
function isSameRecord(a: EndpointRecord, b: EndpointRecord | undefined): boolean {
  if (a === b) return true;
  return (
    b !== undefined &&
    a.key === b.key &&
    a.modRevision === b.modRevision &&
    a.createRevision === b.createRevision &&
    a.lease === b.lease &&
    a.addr === b.addr &&
    sameJson(a.metadata, b.metadata)
  );
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}

/** How much can be said of a target. */
export interface ServiceStatus {
  /** `unknown`: nothing was ever seen; `empty`: it is known to have no endpoints; `known`: it has some. */
  readonly state: 'unknown' | 'empty' | 'known';
  /**
   * Where the view comes from: `live`, a watch that is up; `memory`, what was last seen before etcd was out of reach, or
   * when the service was followed the last time; `disk`, the snapshot of an earlier process.
   */
  readonly source: 'live' | 'memory' | 'disk' | 'none';
  /** For how long the view may have been out of date, in milliseconds: 0 while it is live. */
  readonly staleMs: number;
  readonly revision: Revision;
  readonly endpoints: number;
  readonly unconfirmed: number;
  readonly invalid: number;
  /** What last stood in the way; undefined while it is live. */
  readonly lastError: EtcdError | undefined;
  /** Why the snapshot of this target could not be read, or not be saved the last time; undefined when it was. */
  readonly snapshotError: EtcdError | undefined;
}

/** The status of a view, without errors. */
export function statusOf(
  view: ServiceView | undefined,
  source: ServiceStatus['source'],
  staleMs: number,
): ServiceStatus {
  return withJson({
    state: !view ? 'unknown' : view.endpoints.length === 0 ? 'empty' : 'known',
    source,
    staleMs,
    revision: view?.revision ?? 0n,
    endpoints: view?.endpoints.length ?? 0,
    unconfirmed: view?.unconfirmed.size ?? 0,
    invalid: view?.invalid.size ?? 0,
    lastError: undefined,
    snapshotError: undefined,
  });
}
