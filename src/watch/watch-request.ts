import type { Revision, WireRange } from '../model/index.js';
import type { WatchRequest } from '../wire/index.js';

/** The server-side parameters of one watcher. */
export interface WatchSpec {
  readonly range: WireRange;
  /** Undefined: from now on. */
  readonly startRevision: Revision | undefined;
  /** A revision that the store is known to have reached. */
  readonly knownRevision?: Revision | undefined;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
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
  spec: WatchSpec,
  { watchId, startRevision, fragments }: CreateParameters,
): WatchRequest {
  const filters: (0 | 1)[] = [];
  if (spec.noPut) filters.push(noPutFilter);
  if (spec.noDelete) filters.push(noDeleteFilter);
  const { key, rangeEnd } = spec.range;
  return {
    requestUnion: {
      $case: 'createRequest',
      value: {
        key,
        rangeEnd,
        startRevision,
        watchId,
        prevKv: spec.prevKv,
        filters,
        fragment: fragments,
        progressNotify: true, // keeps an idle watch resumable after a compaction
      },
    },
  };
}
