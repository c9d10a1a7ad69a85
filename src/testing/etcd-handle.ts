import type { EtcdSource } from './options.js';
import type { EtcdConnectOptions } from './security/connect-options.js';

/**
 * A running etcd. Every operation resolves once its effect is in place, so a test needs no wait of its own. An etcd that
 * was started here ends with the process that started it, and does not keep that process alive.
 * An operation that fails because another one ended etcd, such as a concurrent `close()` or `restart()`, rejects with an
 * error that says so, and has the failure itself as its `cause`: `etcd m0 was closed`.
 */
export interface EtcdHandle extends AsyncDisposable {
  /** The client addresses as `host:port`, without a scheme; a single one unless the etcd is external. */
  readonly endpoints: readonly string[];
  /**
   * The options of a client for this etcd, as root if it has users: `new EtcdClient(etcd.clientOptions)`. Contain the
   * endpoints, and the certificates and password of the options `tls` and `auth`.
   */
  readonly clientOptions: EtcdConnectOptions;
  /**
   * Returns the options of a client for a user of the option `auth`.
   * @throws {InvalidInputError} for an unknown user.
   */
  clientOptionsOf(user: string): EtcdConnectOptions;
  /** The source of this etcd; a cached binary is `binary` too. */
  readonly source: EtcdSource;
  /** etcd's version, such as `3.5.25`. */
  readonly version: string;
  /** The prefix for all keys of a test. Empty unless external, where it is random and `close()` deletes its keys. */
  readonly prefix: string;
  /** Whether the operations below may be used. `false` for external: they reject with `ExternalEtcdError`. */
  readonly canBreak: boolean;
  /**
   * The process id while etcd runs as a process on this machine; `undefined` otherwise. If a script starts etcd, it is
   * etcd's own on Linux, and the script's elsewhere.
   */
  readonly pid: number | undefined;
  /** The path of an `etcdctl`: beside the binary, on `PATH`, or in the cache; `undefined` when there is none. */
  readonly etcdctl: string | undefined;

  /**
   * Freezes etcd, like a virtual machine that is moved: connections stay open, and nothing answers. Resolves when frozen;
   * rejects when etcd is not running.
   */
  pause(): Promise<void>;
  /** Ends `pause()`. Rejects when etcd is not running. */
  resume(): Promise<void>;
  /** Sends SIGKILL. Resolves when the process has ended; does nothing when there is none. */
  kill(): Promise<void>;
  /** Sends SIGTERM, after 10 s SIGKILL. Resolves when the process has ended; the data stays. */
  stop(): Promise<void>;
  /**
   * Starts etcd on the same ports and data, after a `stop()` if it runs. Resolves when `/health` answers. A call during a
   * restart returns the same restart; a call during a wipe waits for it.
   */
  restart(): Promise<void>;
  /**
   * Kills etcd, deletes its data and starts it on the same ports: revision 1, no keys, no leases, and the users of the
   * option `auth`, without which the new store answers for a moment. A member of a cluster is
   * removed from the cluster instead and joins as a new member, because a member without its log cannot rejoin. Rejects
   * without a change when the other members have no quorum.
   */
  wipe(): Promise<void>;
  /**
   * Compacts the history up to and including `revision`; default: the current revision. Resolves with the revision after
   * the compaction, also when it was compacted before. Rejects for a revision in the future or below 1.
   */
  compact(revision?: bigint): Promise<bigint>;
  /** Returns the text of `/metrics`. */
  metrics(): Promise<string>;
  /** Returns one value of `/metrics`, summed over its labels. Rejects for an unknown metric, so that a typo is not a zero. */
  metric(name: string): Promise<number>;
  /** The tail of etcd's own log, at most 16 KiB; empty for external. */
  log(): string;
  /** Kills etcd and deletes its data; on external, deletes the keys under `prefix`. Idempotent. */
  close(): Promise<void>;
}

/** One member of a cluster. Its operations affect only this member. */
export interface EtcdMember extends EtcdHandle {
  /** The name: `m0`, `m1`, … */
  readonly name: string;
  /** The client address as `host:port`. */
  readonly endpoint: string;
}

/** A cluster of several members on this machine. */
export interface EtcdClusterHandle extends AsyncDisposable {
  /** The members, in the order of their names. */
  readonly members: readonly EtcdMember[];
  /** The client addresses of all members as `host:port`, in the order of `members`. */
  readonly endpoints: readonly string[];
  /**
   * The options of a client for all members, as root if the cluster has users: `new EtcdClient(cluster.clientOptions)`. Contain the
   * endpoints, and the certificates and password of the options `tls` and `auth`.
   */
  readonly clientOptions: EtcdConnectOptions;
  /**
   * Returns the options of a client for a user of the option `auth`.
   * @throws {InvalidInputError} for an unknown user.
   */
  clientOptionsOf(user: string): EtcdConnectOptions;
  /** The source of the cluster; never `external`. */
  readonly source: EtcdSource;
  /** etcd's version, such as `3.5.25`. */
  readonly version: string;
  /** Empty: a cluster is never external. */
  readonly prefix: string;
  /** Always true: a cluster is never external. */
  readonly canBreak: boolean;
  /** The path of an `etcdctl`; `undefined` when there is none. */
  readonly etcdctl: string | undefined;
  /** Returns the member that calls itself the leader, at the highest term; a stopped or paused member does not count. Waits up to 10 s. */
  leader(): Promise<EtcdMember>;
  /**
   * Transfers the leadership to another member, by default to the first that runs. Resolves with the new leader once it
   * reports its leadership; rejects after 10 s.
   */
  moveLeader(to?: EtcdMember): Promise<EtcdMember>;
  /**
   * Cuts a member from the others in both directions until `rejoin()`; clients still reach it. Data in transit arrives
   * late, as on a real network. Throws unless the cluster was started with `partitions: true`.
   */
  isolate(member: EtcdMember): void;
  /** Ends every isolation. */
  rejoin(): void;
  /** Kills all members, deletes all data, and starts all members on the same ports, with the users of the option `auth`. */
  wipe(): Promise<void>;
  /** Kills all members and deletes their data. Idempotent. */
  close(): Promise<void>;
}
