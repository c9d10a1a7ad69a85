import type { EndpointChange } from './loss/loss-protection.js';
import { type ServiceStatus, type ServiceView, statusOf } from './view.js';

/** What was known of a target before it was followed, or when it was followed the last time. */
export type EarlierView = MemoryView | DiskView;

/** Seen by this process. */
export interface MemoryView {
  readonly source: 'memory';
  readonly view: ServiceView;
  /** When it was last known to be the store's, on the directory's clock. */
  readonly knownAt: number;
}

/** Seen by another process. */
export interface DiskView {
  readonly source: 'disk';
  readonly view: ServiceView;
  /** When it was last known to be the store's, on the wall clock of the process that saved it. */
  readonly savedAt: number;
}

/** The endpoints of a view as a list of the store. */
export function toSnapshotChange({ endpoints }: ServiceView): EndpointChange {
  return { type: 'snapshot', endpoints: new Map(endpoints.map((record) => [record.key, record])) };
}

/** The status of a service of which nothing newer is known. */
export function memoryStatus({ view, knownAt }: MemoryView, now: number): ServiceStatus {
  return statusOf(view, 'memory', now - knownAt);
}
