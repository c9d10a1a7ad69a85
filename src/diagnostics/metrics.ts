import type { CallDurations } from './duration-histograms.js';
import type { DepartureReason } from './topics/directory.js';
import type { TokenCause } from './topics/token.js';
import type { InterruptionCause } from './topics/watch.js';

/**
 * The counters and gauges of a client at one time, as plain data that `JSON.stringify` accepts. Counters, whose
 * descriptions begin with "Since the client was made", only grow; the others are states.
 */
export interface ClientMetrics {
  /** The name of the client: the option `name`. */
  readonly client: string;
  /** The unary calls. */
  readonly calls: CallMetrics;
  /** The calls that wait for a retry: the retry budget lets through what etcd can answer. */
  readonly retries: RetryMetrics;
  /** In the order of the client's list. */
  readonly members: readonly MemberMetrics[];
  /** The connections to them. */
  readonly connections: ConnectionMetrics;
  /** Undefined for a client without credentials. */
  readonly token?: TokenMetrics;
  /** The watches, those of mirrors, services and registrations included. */
  readonly watch: WatchMetrics;
  /** The mirrors, those of services included. */
  readonly mirrors: MirrorMetrics;
  /** The leases that are kept alive. */
  readonly leases: LeaseMetrics;
  /** The locks. */
  readonly locks: OwnershipMetrics;
  /** The terms in elections. */
  readonly elections: OwnershipMetrics;
  /** The services that directories on this client follow, each once. */
  readonly services: readonly ServiceMetrics[];
  /** The registrations that have not ended. */
  readonly registrations: readonly RegistrationMetrics[];
  /** The records of all registrations of the client, those that have ended included. */
  readonly records: RecordMetrics;
  /** The services that channels resolve or pickers follow, each once. */
  readonly resolvers: readonly ResolverMetrics[];
  /** Only with `metrics: { histograms: true }`, and of the time in which `etcd-naming:call` had subscribers. */
  readonly callDurations?: readonly CallDurations[];
}

/** The unary calls of a client. A batch of reads is one attempt. */
export interface CallMetrics {
  /** Since the client was made: the attempts that were sent. */
  readonly attempts: number;
  /** Since the client was made: the attempts that were answered with a result. */
  readonly answers: number;
  /** Since the client was made: the attempts that failed, without those that the signal of their call ended. */
  readonly failures: number;
  /**
   * Since the client was made: the attempts that followed a failed attempt of the same call. Each read of a batch that
   * failed is a call of its own.
   */
  readonly retries: number;
}

/** The calls that wait for a retry, by the kind of the call: each kind has a budget of its own. */
export interface RetryMetrics {
  /** Serializable reads, which any member answers on its own, also one without a leader. */
  readonly localReads: number;
  /** Linearizable reads, and other calls that change nothing but need a leader. */
  readonly reads: number;
  /** Calls that may change the store. */
  readonly writes: number;
}

/** A member of the cluster, as the client sees it. */
export interface MemberMetrics {
  /** As in the client's options. */
  readonly endpoint: string;
  /** Whether calls may use it: false from a failure until a probe or a call succeeds. */
  readonly healthy: boolean;
  /** Why it is unhealthy; see {@link MemberFailure}. */
  readonly failure?: string;
  /** Whether the client has a connection to it. A client needs one connection, to the preferred member. */
  readonly connected: boolean;
  /** Whether the client uses it while it is healthy. */
  readonly preferred: boolean;
}

/** The connections to the members. */
export interface ConnectionMetrics {
  /** Since the client was made: the connections that were made. */
  readonly made: number;
  /** Since the client was made: the connections that were lost. */
  readonly lost: number;
}

/** The token of a client with credentials. */
export interface TokenMetrics {
  /** Since the client was made: the tokens that were obtained, by the cause of the request. */
  readonly renewals: Readonly<Record<TokenCause, number>>;
  /** Since the client was made: the requests for a token that failed. */
  readonly failures: number;
}

/** The watches of a client, those of its mirrors, services and registrations included. */
export interface WatchMetrics {
  /** The open watchers. */
  readonly watchers: number;
  /** Those of them that are live: changes are received as they happen. */
  readonly live: number;
  /** The open streams. */
  readonly streams: number;
  /**
   * The longest time for which an open watcher has not been live, in milliseconds; 0 while all are live. A watcher that
   * was never live counts from the call of `watch()`, and one that is paused counts, too. A connection that
   * is lost without a sign counts from its detection, within the client's `keepaliveTimeMs` plus `keepaliveTimeoutMs`.
   */
  readonly lagMs: number;
  /** Since the client was made: how often a watcher became live again, by the cause of the interruption. */
  readonly resumes: Readonly<Record<InterruptionCause, number>>;
  /**
   * Since the client was made: how many watchers ended because the history that they needed was compacted. Those of
   * registrations, locks and mirrors count, too: they start again on their own.
   */
  readonly compactions: number;
  /** The events of open watchers that wait for their readers. */
  readonly bufferedEvents: number;
  /** The size of the keys and values of these events, in bytes. */
  readonly bufferedBytes: number;
  /** The watchers that are paused because their buffer is full. */
  readonly paused: number;
}

/** The mirrors of a client, those of its services included. */
export interface MirrorMetrics {
  /** The mirrors that are iterated. */
  readonly active: number;
  /**
   * Since the client was made: how often a mirror listed its range again, by the cause; see {@link ResyncReason}. The first
   * list of a loop does not count.
   */
  readonly resyncs: Readonly<Record<'compacted' | 'rolled-back' | 'gap', number>>;
}

/** The leases that the client keeps alive, those of its registrations, locks and elections included. */
export interface LeaseMetrics {
  /** The leases that are held now. */
  readonly held: number;
  /** The time until the first of them expires if no renewal is answered, in milliseconds. Undefined without one. */
  readonly minMarginMs?: number;
  /** Since the client was made: the leases that ended, by the reason; see {@link LeaseEndReason}. */
  readonly ended: Readonly<
    Record<'expired' | 'lost-contact' | 'unauthorized' | 'revoked' | 'closed', number>
  >;
}

/** The locks of a client, or its terms in elections. */
export interface OwnershipMetrics {
  /** Those that are owned now. */
  readonly held: number;
  /** The calls that wait for one. */
  readonly waiting: number;
  /** Since the client was made: how often one was acquired. */
  readonly acquired: number;
  /** Since the client was made: how often one was lost. */
  readonly lost: number;
}

/**
 * A service that a directory follows; see {@link ServiceStatus}. Of a service that several directories of the client
 * follow with the same codecs: the view that may be most out of date.
 */
export interface ServiceMetrics {
  /** The target of the service. In a namespace, its prefix comes first. */
  readonly target: string;
  /**
   * The name of its codec, of several separated by commas, with `direct` for a directory with this option; absent for the
   * format of Go. Services of one target that differ in it have other records.
   */
  readonly codec?: string;
  /** What is known about it; see {@link ServiceStatus.state}. */
  readonly state: 'unknown' | 'empty' | 'known';
  /** Where the view comes from; see {@link ServiceStatus.source}. */
  readonly source: 'live' | 'memory' | 'disk' | 'none';
  /** The time for which the view may have been out of date, in milliseconds; 0 while it is live. */
  readonly ageMs: number;
  /** The visible endpoints, by their state; each counts once. */
  readonly endpoints: {
    /** Those that get new calls. */
    readonly serving: number;
    /** Those with the status `draining`. */
    readonly draining: number;
    /** Those whose loss is unconfirmed, whatever their status. */
    readonly unconfirmed: number;
  };
  /** The keys whose value is not an endpoint. */
  readonly invalid: number;
  /** Whether loss protection keeps endpoints that the store no longer has. */
  readonly lossProtection: boolean;
  /**
   * Since a directory of the client first followed the service: the endpoints that departed, by the
   * {@link DepartureReason}, those of times in which nothing followed it not included. A departure that several directories
   * see counts once. The counts of 1,000 services that are no longer followed are kept. Leases are looked up only
   * while something wants the reasons: a subscriber of `etcd-naming:directory` or of `ServiceDirectory.departures()`, a
   * logger, or a reader of these metrics within the last 5 minutes. Otherwise the reason of an endpoint with a lease is
   * `unknown`, unless it is known without.
   */
  readonly departures: Readonly<Record<DepartureReason, number>>;
}

/** A registration that has not ended. */
export interface RegistrationMetrics {
  /** The key of the record, as the server sees it. */
  readonly key: string;
  /** See {@link RegistrationState}. */
  readonly state: 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';
  /** How often the record was stored: 1, plus 1 for each time it was lost and stored again. */
  readonly registrations: number;
}

/** The records that registrations store. */
export interface RecordMetrics {
  /** Since the client was made: how often a record was stored, for the first time or again. Updates do not count. */
  readonly stored: number;
  /** Since the client was made: how often a record was stored again, after it was lost. */
  readonly storedAgain: number;
}

/**
 * A service that channels of this process resolve, or that an {@link EndpointPicker} follows. It stays in the metrics when
 * nothing uses it any more, until more than 100 services are unused.
 */
export interface ResolverMetrics {
  /** The target of the service, without `etcd:///`. In a namespace, its prefix comes first. */
  readonly target: string;
  /**
   * The name of its codec, of several separated by commas, with `direct` for a directory with this option; absent for the
   * format of Go. Services of one target that differ in it have other records.
   */
  readonly codec?: string;
  /** The channels that resolve the service now. A channel that idles does not. */
  readonly channels: number;
  /** Since the service was first used: the lists of endpoints and the failures that were given to grpc-js. */
  readonly updates: number;
  /**
   * Since the service was first used: the picks by the endpoint's address, of the policy `etcd_weighted`, which
   * `balance` selects, and of pickers. A retry of a call is another pick. At most 100 endpoints: the picks of others, and
   * of endpoints that left and whose place was needed, are summed up under `other`.
   */
  readonly picks: Readonly<Record<string, number>>;
}

/** Metrics while they are collected. */
export type MutableMetrics = {
  -readonly [Name in keyof ClientMetrics]: ClientMetrics[Name] extends readonly (infer Item)[]
    ? Item[]
    : ClientMetrics[Name] extends object
      ? { -readonly [Member in keyof ClientMetrics[Name]]: ClientMetrics[Name][Member] }
      : ClientMetrics[Name];
};

/** A part of the client, of which the metrics show the state. */
export interface MetricsSource {
  addTo(metrics: MutableMetrics): void;
}
