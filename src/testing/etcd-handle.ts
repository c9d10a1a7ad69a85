import type { EtcdSource } from './options.js';

/**
 * A running etcd. Every verb resolves when its effect holds, so that a test needs no wait of its own. An etcd
 * started here dies with the process that started it, and does not keep that process alive.
 */
export interface EtcdHandle extends AsyncDisposable {
  /** `host:port` of each client address, without a scheme; one, unless external. */
  readonly endpoints: readonly string[];
  /** Where this etcd came from; `binary` also when it was found in the cache. */
  readonly source: EtcdSource;
  /** etcd's own version, as `3.5.25`. */
  readonly version: string;
  /** Put every key of a test under this. Empty unless external, where it is random and deleted by `close()`. */
  readonly prefix: string;
  /** Whether the verbs below may be used. `false` for external: they reject with `ExternalEtcdError`. */
  readonly canBreak: boolean;
  /**
   * Process id while it runs as a process of this machine; `undefined` otherwise. That of etcd itself on Linux, also
   * when a script starts it; elsewhere that of the script.
   */
  readonly pid: number | undefined;
  /** Path of an `etcdctl`: beside the binary, on `PATH`, or in the cache. `undefined` when there is none. */
  readonly etcdctl: string | undefined;

  /**
   * Freezes it, as a virtual machine that is moved: connections stay, nothing answers. Resolves when frozen; rejects
   * when it is not running.
   */
  pause(): Promise<void>;
  /** Ends `pause()`. Rejects when it is not running. */
  resume(): Promise<void>;
  /** SIGKILL. Resolves when it is gone; does nothing when it already is. */
  kill(): Promise<void>;
  /** SIGTERM; after 10 s SIGKILL. Resolves when it is gone; the data stays. */
  stop(): Promise<void>;
  /**
   * Starts it on the same ports and data, after a `stop()` if it runs. Resolves when `/health` answers. A call
   * during a restart joins it, and one during a wipe waits for that.
   */
  restart(): Promise<void>;
  /**
   * Kills it, deletes its data and starts it on the same ports: revision 1, no keys, no leases. A cluster's member
   * is instead taken out of the cluster and joins as a new one, since a member that forgot its log cannot come back
   * as itself; that is refused, with nothing changed, when the other members have no quorum of the cluster.
   */
  wipe(): Promise<void>;
  /**
   * Compacts history up to and including `revision`; default: the current revision. Resolves with it when the
   * compaction is through, also when it already was. Rejects when the revision is in the future or below 1.
   */
  compact(revision?: bigint): Promise<bigint>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  /** One figure of `/metrics`, summed over its labels. Rejects when there is no such metric: a typo is not a zero. */
  metric(name: string): Promise<number>;
  /** The tail of etcd's own log, at most 16 KiB; empty for external. */
  log(): string;
  /** Kills it and deletes its data; on external, deletes the keys under `prefix`. Idempotent. */
  close(): Promise<void>;
}

/** One member of a cluster; its verbs touch only this member. */
export interface EtcdMember extends EtcdHandle {
  /** `m0`, `m1`, … */
  readonly name: string;
  /** `host:port` of the client address. */
  readonly endpoint: string;
}

/** A cluster of several members on this machine. */
export interface EtcdClusterHandle extends AsyncDisposable {
  readonly members: readonly EtcdMember[];
  /** `host:port` of every member, in the order of `members`. */
  readonly endpoints: readonly string[];
  readonly source: EtcdSource;
  readonly version: string;
  /** Empty: a cluster is never external. */
  readonly prefix: string;
  readonly canBreak: boolean;
  readonly etcdctl: string | undefined;
  /** The member that says it leads, at the highest term; one that is down or paused does not count. Waits up to 10 s. */
  leader(): Promise<EtcdMember>;
  /**
   * Has the leader hand its office to another member, by default the first that runs. Resolves with the new leader
   * once it says so itself; rejects when that is not within 10 s.
   */
  moveLeader(to?: EtcdMember): Promise<EtcdMember>;
  /**
   * Cuts a member from the others, both ways, until `rejoin()`; clients still reach it. What was under way arrives
   * late, as over a real network. Throws unless the cluster was started with `partitions: true`.
   */
  isolate(member: EtcdMember): void;
  /** Ends every isolation. */
  rejoin(): void;
  /** Kills all members, deletes all data, starts all on the same ports. */
  wipe(): Promise<void>;
  /** Kills all members and deletes their data. Idempotent. */
  close(): Promise<void>;
}
