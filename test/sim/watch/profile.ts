/** Behaviour of an etcd release, or of a proxy before it. Each switch models observed behaviour. */
export interface Profile {
  readonly name: string;
  /** Answers to progress requests are ordered with events (3.4.25, 3.5.8 and later). */
  readonly trusted: boolean;
  /** Progress requests are never answered (grpc-proxy). */
  readonly noManualProgress: boolean;
  /** The header of `created` is read after the registration: events up to it may still follow. */
  readonly lateHeader: boolean;
  /** The header of `created` may be 0 (grpc-proxy). */
  readonly headerZero: boolean;
  /** A refusal carries the requested id or that of another live watcher instead of -1 (3.5.0 to 3.5.5). */
  readonly refusedWithId: boolean;
  /** After a snapshot old events are sent again (before 3.4.24 and 3.5.8). */
  readonly resends: boolean;
  /** A watch with a future start receives progress below its start. */
  readonly futureProgress: boolean;
  /** A create below the compacted revision is refused immediately, with that revision. */
  readonly refusesCompacted: boolean;
  /** A delete at the compacted revision is lost to a watch that starts there (before 3.4.36, 3.5.18). */
  readonly losesDeletes: boolean;
  /** The server assigns watch ids, from 0. */
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
