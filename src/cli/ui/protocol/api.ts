/**
 * The requests of the page. Each is a POST of JSON with the session token in `authorization: Bearer …`, except
 * {@link SessionRequest}, which creates the session, and the stream, a GET. Errors are an {@link ErrorReply} with a status
 * of 400 or more.
 */
import type { Json } from './json.js';
import type { EndpointRow, FieldChange, TimelineEntry } from './stream.js';

/** The paths. Nothing else is served but the page's own files. */
export const paths = {
  /** GET with `accept: text/event-stream`, and `last-event-id` to resume. */
  events: '/api/events',
  session: '/api/session',
  link: '/api/link',
  timeline: '/api/timeline',
  record: '/api/record',
  leases: '/api/leases',
  members: '/api/members',
  preview: '/api/preview',
  action: '/api/action',
} as const;

/** Exchanges the one-time token of the URL's fragment. */
export interface SessionRequest {
  readonly token: string;
}

export interface SessionReply {
  readonly session: string;
}

/** `link`: creates another one-time URL, for another tab. Its request is an empty object. */
export interface LinkReply {
  readonly url: string;
}

/** The entries of a service, with those that concern all; the newest first. */
export interface TimelineRequest extends TimelineFilter {
  /** Undefined for all services. */
  readonly service?: string | undefined;
  /** Only entries with a lower number. */
  readonly before?: number | undefined;
  /** At most 500. Default 100. */
  readonly limit?: number | undefined;
}

/** Which entries are meant: those that satisfy all of it. */
export interface TimelineFilter {
  /** Only the entries of this record. */
  readonly key?: string | undefined;
  /** Undefined or empty for all. */
  readonly types?: readonly EntryKind[] | undefined;
  /**
   * Words that all must occur in the service, id, address, reason, error or changed fields, without regard to case. At
   * most 200 characters.
   */
  readonly text?: string | undefined;
}

/** The types of entries that the user chooses from. */
export type EntryKind = 'registered' | 'changed' | 'drained' | 'left' | 'unreadable' | 'etcd';

export interface TimelineReply {
  /** May be fewer than requested, and empty, although there are older ones: the time of a search is limited. */
  readonly entries: readonly TimelineEntry[];
  /** The `before` that continues the search with older entries; undefined if all were searched. */
  readonly next?: number | undefined;
  /**
   * How many older entries were dropped, because the memory for them is limited: of the service and of those that concern
   * all. For services whose drops are no longer counted, a number that may be too high.
   */
  readonly dropped: number;
}

/** Reads one record from etcd, whole. */
export interface RecordRequest {
  readonly key: string;
}

export interface RecordReply {
  /** The value as text, with U+FFFD for what is not UTF-8. */
  readonly text: string;
  readonly metadata?: Json | undefined;
  readonly modRevision: string;
}

/** At most 200 lease ids. */
export interface LeasesRequest {
  readonly leases: readonly string[];
}

export interface LeasesReply {
  readonly leases: Readonly<Record<string, LeaseReply>>;
}

export type LeaseReply =
  | { readonly state: 'alive'; readonly remainingSeconds: number; readonly grantedSeconds: number }
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly error: string };

/** `members`: its request is an empty object. */
export interface MembersReply {
  readonly members: readonly MemberRow[];
  /** Why the list of the members, or the alarms, could not be read. */
  readonly error?: string | undefined;
}

export interface MemberRow {
  readonly id: string;
  /** Empty for a member that has not started. */
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
  readonly isLeader: boolean;
  readonly healthy: boolean;
  /** Why it is not healthy, or why its state is incomplete. */
  readonly error?: string | undefined;
  readonly version?: string | undefined;
  readonly dbSize?: number | undefined;
  readonly dbSizeInUse?: number | undefined;
  readonly raftIndex?: string | undefined;
  readonly raftTerm?: string | undefined;
  /** The duration of the status request in milliseconds. */
  readonly latencyMs?: number | undefined;
  /** Such as `NOSPACE`. */
  readonly alarms: readonly string[];
}

/** What to do with one record, in the version that the user saw. */
export interface ActionRequest {
  readonly action: ActionName;
  readonly key: string;
  readonly modRevision: string;
  /** For `weight`: a number of 0 or more. */
  readonly weight?: number | undefined;
}

export type ActionName = 'drain' | 'undrain' | 'weight' | 'remove';

/** `preview`: what the action would do. Nothing is written. */
export interface PreviewReply {
  readonly changes: readonly FieldChange[];
  /** What the user should know before, in sentences: that a living owner restores a removed record, for example. */
  readonly warnings: readonly string[];
}

/** `action`: it was done. */
export interface ActionReply {
  readonly revision: string;
  /** Whether something was written: a record that is draining already is not. */
  readonly changed: boolean;
}

export interface ErrorReply {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** For `conflict`: the record as it is now; undefined if it is gone. */
    readonly current?: EndpointRow | undefined;
  };
}

/**
 * - `unauthorized` (401): no session, or one that has ended;
 * - `forbidden` (403): a foreign Host or Origin;
 * - `read-only` (403): the server changes nothing;
 * - `invalid` (400): the request is malformed; `too-large` (413); `not-found` (404);
 * - `conflict` (409): the record was changed, or deleted, after the version that the user saw;
 * - `refused` (422): a check refuses the action, or etcd does, for example for a missing permission;
 * - `unavailable` (503): etcd did not answer; `busy` (503): too many requests or pages at once;
 * - `ambiguous` (504): etcd did not answer, and the change may have been made.
 */
export type ErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'read-only'
  | 'invalid'
  | 'too-large'
  | 'not-found'
  | 'conflict'
  | 'refused'
  | 'unavailable'
  | 'busy'
  | 'ambiguous';
