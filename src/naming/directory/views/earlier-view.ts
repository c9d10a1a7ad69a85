import type { EndpointChange } from '../loss/loss-protection.js';
import { type ServiceStatus, type ServiceView, statusOf } from './view.js';

/** A view of a target from before its current mirror: remembered by this process, or saved by an earlier one. */
export type EarlierView = MemoryView | DiskView;

/** A view that this process had. */
export interface MemoryView {
  readonly source: 'memory';
  readonly view: ServiceView;
  /** When the view was last known to be current, on the directory's clock. */
  readonly knownAt: number;
}

/** A view that another process saved. */
export interface DiskView {
  readonly source: 'disk';
  readonly view: ServiceView;
  /** When the view was last known to be current, on the wall clock of the process that saved it. */
  readonly savedAt: number;
}

/** Converts a view to the change that a listing with the same endpoints produces. */
export function toSnapshotChange({ endpoints }: ServiceView): EndpointChange {
  return { type: 'snapshot', endpoints: new Map(endpoints.map((record) => [record.key, record])) };
}

/** The status of a service whose latest view is a remembered one. */
export function memoryStatus({ view, knownAt }: MemoryView, now: number): ServiceStatus {
  return statusOf(view, 'memory', now - knownAt);
}
