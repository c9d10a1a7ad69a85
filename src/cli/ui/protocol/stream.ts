/** What the page receives on its event stream. The messages are JSON: revisions are decimal texts, lease ids lower hex. */
import type { Json } from './json.js';

/**
 * A message of the stream. A page that connects gets a `begin`, any number of `rows` and an `end`, which together replace
 * everything it knew, before that a `status`; one that connects again with `last-event-id` gets these, or only the messages
 * that it missed, and a `status` when it has everything. After that come `delta` and `status`.
 */
export type StreamMessage = BeginMessage | RowsMessage | EndMessage | DeltaMessage | StatusMessage;

/** A snapshot begins. What the page shows stays visible until its end. */
export interface BeginMessage {
  readonly type: 'begin';
  readonly settings: Settings;
  /** The number of rows that follow. */
  readonly rows: number;
}

/** A part of a snapshot. */
export interface RowsMessage {
  readonly type: 'rows';
  readonly rows: readonly EndpointRow[];
  readonly queues: readonly Queue[];
}

/** The snapshot is complete. */
export interface EndMessage {
  readonly type: 'end';
  readonly revision: string;
}

/** The net changes of one or more whole revisions. */
export interface DeltaMessage {
  readonly type: 'delta';
  readonly revision: string;
  /** The new state of records that were added or changed. */
  readonly puts: readonly EndpointRow[];
  /** The keys of records that are gone. */
  readonly removed: readonly string[];
  /** The new state of queues that changed. */
  readonly queues: readonly Queue[];
  /** The names of queues that are gone. */
  readonly removedQueues: readonly string[];
  /** What happened, in order. An entry with a known `n` replaces that one: the reason of a departure is found later. */
  readonly entries: readonly TimelineEntry[];
}

/** Sent when it changes, and every 2 s. */
export interface StatusMessage {
  readonly type: 'status';
  readonly etcd: EtcdState;
  /** Milliseconds since the view was last confirmed to be current; undefined before the first list. */
  readonly confirmedMsAgo?: number | undefined;
  /** How long etcd has been away, in milliseconds; undefined unless it is. */
  readonly awayMs?: number | undefined;
  /**
   * How many endpoints, and keys of locks and elections, are not shown because their key is longer than 4 kB; undefined
   * for none.
   */
  readonly omitted?: number | undefined;
  /** The last failure, while etcd is away or refuses. */
  readonly error?: string | undefined;
  /** The addresses of etcd, without credentials, while nothing was listed: a page has no settings then. */
  readonly endpoints?: readonly string[] | undefined;
  /** The server's wall clock, in milliseconds since 1970: all times of the messages are its own. */
  readonly now: number;
}

/**
 * - `starting`: the records have not been listed yet;
 * - `live`: changes arrive as they happen;
 * - `away`: etcd does not answer, or the watch is interrupted: the records are those of the time before;
 * - `refused`: etcd refuses the read, for example for a missing permission.
 */
export type EtcdState = 'starting' | 'live' | 'away' | 'refused';

/** What does not change while the server runs. */
export interface Settings {
  /** The prefix of the keys that are shown; empty for all. */
  readonly prefix: string;
  /** The name of the codec; undefined for Go's format. */
  readonly codec?: string | undefined;
  /** Whether every action is refused. */
  readonly readOnly: boolean;
  /** Whether records of the format can be marked as draining. */
  readonly canDrain: boolean;
  /** Whether records of the format have a weight that can be set. */
  readonly canSetWeight: boolean;
  /** The version of the package. */
  readonly version: string;
  /** The etcd endpoints, without credentials. */
  readonly endpoints: readonly string[];
}

/** A record of an endpoint. */
export interface EndpointRow {
  /** The key as text; a byte that is not UTF-8 is a lone surrogate, as in {@link keyText}. */
  readonly key: string;
  readonly service: string;
  /** The part of the key after the service's prefix. */
  readonly id: string;
  /** Empty if the value is not an endpoint; see `problem`. */
  readonly addr: string;
  /** Undefined if there is none, or if it is `large`. */
  readonly metadata?: Json | undefined;
  /** The size of the value in bytes, if the metadata is too large for the stream; `/api/record` has it. */
  readonly large?: number | undefined;
  readonly weight: number;
  readonly zone?: string | undefined;
  /** The metadata's `status`, such as `draining`. */
  readonly status?: string | undefined;
  /** The lease's id in lower hex; undefined for a permanent record. */
  readonly lease?: string | undefined;
  readonly createRevision: string;
  readonly modRevision: string;
  /** When this server first saw the record, in milliseconds since 1970. */
  readonly firstSeen: number;
  /** Whether the record was in a list when it was first seen, so that it was registered at an unknown time before. */
  readonly preexisting: boolean;
  /** Why the value is not an endpoint; undefined if it is one. */
  readonly problem?: string | undefined;
}

/** The keys of one lock or election, in Go's layout: `<name>/<lease id in hex>`. */
export interface Queue {
  readonly name: string;
  /** Elections store a value; etcd does not distinguish the two otherwise. */
  readonly kind: 'lock' | 'election';
  /** In the order in which they acquire it; the first is the holder. Never empty. */
  readonly entries: readonly QueueEntry[];
  /** When this server first saw the first entry as the holder, in milliseconds since 1970. */
  readonly heldSince: number;
  /** Whether it was the holder already in a list, so that it acquired it at an unknown time before. */
  readonly heldBefore: boolean;
}

export interface QueueEntry {
  readonly key: string;
  readonly lease: string;
  /** The value as text, cut to 1 kB; empty for a lock. */
  readonly value: string;
  readonly createRevision: string;
  readonly firstSeen: number;
  readonly preexisting: boolean;
}

/** Something that happened to a service, or to the view of all of them. */
export interface TimelineEntry {
  /** The number of the entry: later entries have higher ones. */
  readonly n: number;
  /** When the server received it, in milliseconds since 1970. */
  readonly at: number;
  /** Undefined for what concerns all services. */
  readonly service?: string | undefined;
  readonly what: TimelineEvent;
}

export type TimelineEvent =
  | (EndpointEvent & {
      readonly type: 'registered' | 'changed' | 'drained' | 'undrained' | 'unreadable';
      /** What changed in the record; all of it for `registered`, at most 50. */
      readonly changes: readonly FieldChange[];
    })
  | (EndpointEvent & {
      readonly type: 'left';
      /** Undefined while it is being found out. */
      readonly reason?: LeaveReason | undefined;
    })
  | {
      /** The view is not current: etcd does not answer, or refuses the read. */
      readonly type: 'etcd-away' | 'etcd-refused';
      readonly error?: string | undefined;
    }
  | {
      readonly type: 'etcd-back';
      /** How long the view was not current, in milliseconds. */
      readonly forMs: number;
    }
  | {
      /** The records were listed again. What happened since the last change that was seen is unknown but for its result. */
      readonly type: 'resync';
      readonly reason: 'compacted' | 'rolled-back' | 'gap';
      readonly revision: string;
    };

interface EndpointEvent {
  readonly key: string;
  readonly id: string;
  readonly addr: string;
  /** The revision of the change; for a departure in a new list, that of the list. */
  readonly revision: string;
}

/** As a directory reports it. */
export type LeaveReason = 'drained' | 'deleted' | 'lease-ended' | 'store-replaced' | 'invalid' | 'unknown';

/** A changed part of a record. A value that is absent was added or removed. */
export interface FieldChange {
  /**
   * `addr`, `lease`, or a path in the metadata, such as `metadata.labels.zone`. For what is not an endpoint: `value`, its
   * text, and `problem`.
   */
  readonly path: string;
  /** As JSON, cut to 200 characters. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}
