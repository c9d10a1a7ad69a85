import type { Revision, WireRange } from '../model/index.js';
import type { WatchRequest } from '../wire/index.js';

/** The server-side parameters of one watcher, for every create. */
export interface WatchSpec {
  readonly range: WireRange;
  readonly filter: WatchFilter;
}

/** What the server sends. Most watchers share one object. */
export interface WatchFilter {
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

/** Where a watch starts. */
export interface WatchStart {
  /** Undefined: from now on. */
  readonly startRevision?: Revision | undefined;
  /** A revision that the store is known to have reached. */
  readonly knownRevision?: Revision | undefined;
}

// etcd's WatchCreateRequest.FilterType.
const noPutFilter = 0;
const noDeleteFilter = 1;

/** What a create adds to its watcher's spec. */
export interface CreateParameters {
  readonly watchId: bigint;
  readonly startRevision: Revision;
  readonly fragments: boolean;
}

export function createRequest(
  { range: { key, rangeEnd }, filter }: WatchSpec,
  { watchId, startRevision, fragments }: CreateParameters,
): WatchRequest {
  const filters: (0 | 1)[] = [];
  if (filter.noPut) filters.push(noPutFilter);
  if (filter.noDelete) filters.push(noDeleteFilter);
  return {
    requestUnion: {
      $case: 'createRequest',
      value: {
        key,
        rangeEnd,
        startRevision,
        watchId,
        prevKv: filter.prevKv,
        filters,
        fragment: fragments,
        progressNotify: true, // keeps an idle watch resumable after a compaction
      },
    },
  };
}

/** A create of an empty range, which every release of etcd refuses at once. */
export function probeRequest(watchId: bigint): WatchRequest {
  return createRequest(
    {
      range: { key: Buffer.of(1), rangeEnd: Buffer.of(1) },
      filter: { prevKv: false, noPut: false, noDelete: false },
    },
    { watchId, startRevision: 0n, fragments: false },
  );
}
