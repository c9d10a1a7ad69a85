import type { EtcdError } from '../../../errors/index.js';
import { type Revision, withJson } from '../../../model/index.js';
import type { EndpointRecord } from '../../endpoint.js';
import { sameJson } from '../../json/same-json.js';

/** The endpoints of a target as the directory knows them. Does not change while etcd is unreachable. */
export interface ServiceView {
  /** The service name, without scheme and authority. */
  readonly target: string;
  /** In key order, including endpoints whose loss is unconfirmed. */
  readonly endpoints: readonly EndpointRecord[];
  /**
   * The revision of the store that this view shows. A newer revision without other changes is not reported. Of a service
   * with several key prefixes, which are watched separately: the newest revision of them.
   */
  readonly revision: Revision;
  /** The keys whose value is not an endpoint. */
  readonly invalid: ReadonlySet<string>;
  /** The keys of endpoints that the store no longer has, visible until their loss is confirmed; see {@link LossProtectionOptions}. */
  readonly unconfirmed: ReadonlySet<string>;
}

/** The callbacks of {@link ServiceDirectory.follow}. Exceptions in them become process warnings (`ETCD_NAMING_CALLBACK`). They are called in the asynchronous context of no caller. */
export interface ServiceSubscriber {
  /** Called asynchronously with the whole view: once it is known, then after each change. */
  onView(view: ServiceView): void;
  /** Called with each failure while no view is known. A known view stays valid and is not withdrawn. */
  onFailure(error: EtcdError): void;
}

/** Whether two views are equal except for the revision. */
export function isSameView(a: ServiceView, b: ServiceView): boolean {
  return (
    isSameList(a.endpoints, b.endpoints) &&
    isSameSet(a.unconfirmed, b.unconfirmed) &&
    isSameSet(a.invalid, b.invalid)
  );
}

/** An unchanged list is usually the same array. */
function isSameList(a: ServiceView['endpoints'], b: ServiceView['endpoints']): boolean {
  return a === b || (a.length === b.length && a.every((record, i) => isSameRecord(record, b[i])));
}

/** Whether two records are equal. Compares the values too: another store may have the same revisions and leases. */
export function isSameRecord(a: EndpointRecord, b: EndpointRecord | undefined): boolean {
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
  return a === b || (a.size === b.size && [...a].every((key) => b.has(key)));
}

/** The state of a target, with the source and the age of its view. */
export interface ServiceStatus {
  /** `unknown`: no view yet; `empty`: the target is known to have no endpoints; `known`: it has endpoints. */
  readonly state: 'unknown' | 'empty' | 'known';
  /**
   * The source of the view. `live`: a connected watch; `memory`: the last view before etcd became unreachable or before
   * the previous mirror ended; `disk`: the snapshot of an earlier process; `none`: there is no view.
   */
  readonly source: 'live' | 'memory' | 'disk' | 'none';
  /** The time for which the view may have been out of date, in milliseconds; 0 while it is live. */
  readonly staleMs: number;
  /** The store's revision of the view; 0 without a view. */
  readonly revision: Revision;
  /** The number of endpoints, including those whose loss is unconfirmed. */
  readonly endpoints: number;
  /** The number of endpoints whose loss is unconfirmed. */
  readonly unconfirmed: number;
  /** The number of keys whose value is not an endpoint. */
  readonly invalid: number;
  /** The last failure; undefined while the view is live. */
  readonly lastError: EtcdError | undefined;
  /** Why the snapshot of this target could not be loaded, or why the last save failed; undefined after a successful save. */
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
