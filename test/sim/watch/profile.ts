/** What a release of etcd, or a proxy before it, does in its own way. Each switch stands for something really seen. */
export interface Profile {
  readonly name: string;
  /** Its answers to requests for progress come in order with events (3.4.25, 3.5.8 and later). */
  readonly trusted: boolean;
  /** Requests for progress are never answered (grpc-proxy). */
  readonly noManualProgress: boolean;
  /** The header of `created` is read after the watcher was registered: events up to it may still follow. */
  readonly lateHeader: boolean;
  /** The header of `created` may be 0 (grpc-proxy). */
  readonly headerZero: boolean;
  /** A refusal carries the id asked for, or that of somebody who lives, instead of -1 (3.5.0 to 3.5.5). */
  readonly refusedWithId: boolean;
  /** After a snapshot old events are sent again (before 3.4.24 and 3.5.8). */
  readonly resends: boolean;
  /** A watch of the future is told of progress below its start. */
  readonly futureProgress: boolean;
  /** A create below the compacted revision is turned down at once, with that revision. */
  readonly refusesCompacted: boolean;
  /** A delete at the compacted revision is lost to a watch whose history is read from there (before 3.4.36, 3.5.18). */
  readonly losesDeletes: boolean;
  /** Watch ids are the server's own, counted from 0. */
  readonly ownIds: boolean;
}

const modern: Profile = {
  name: '3.7',
  trusted: true,
  noManualProgress: false,
  lateHeader: true,
  headerZero: false,
  refusedWithId: false,
  resends: false,
  futureProgress: false,
  refusesCompacted: false,
  losesDeletes: false,
  ownIds: false,
};

export const profiles: readonly Profile[] = [
  {
    ...modern,
    name: '3.4.23',
    trusted: false,
    lateHeader: false,
    resends: true,
    futureProgress: true,
    losesDeletes: true,
  },
  {
    ...modern,
    name: '3.5.0',
    trusted: false,
    lateHeader: false,
    refusedWithId: true,
    resends: true,
    futureProgress: true,
    losesDeletes: true,
  },
  { ...modern, name: '3.5.16', lateHeader: false, futureProgress: true, losesDeletes: true },
  { ...modern, name: '3.6' },
  modern,
  {
    ...modern,
    name: 'proxy',
    noManualProgress: true,
    headerZero: true,
    refusesCompacted: true,
    ownIds: true,
  },
];
