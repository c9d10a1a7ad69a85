import type { Revision } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { SavedSnapshot, SnapshotOptions, SnapshotStream } from './snapshot.js';

/** A member as it sees itself. */
export interface MemberStatus {
  /** The member's id; {@link formatMemberId} writes it as `etcdctl` does. */
  readonly memberId: bigint;
  /** The id of the cluster. */
  readonly clusterId: bigint;
  /** The version of the member's program, such as `3.6.16`. */
  readonly version: string;
  /** The id of the leader; undefined while the member knows of none. Equal to `memberId` on the leader. */
  readonly leaderId: bigint | undefined;
  /** Whether the member is a learner. */
  readonly isLearner: boolean;
  /** The revision of the member's store. */
  readonly revision: Revision;
  /** The term of raft, which grows with each election. */
  readonly raftTerm: bigint;
  /** The index of the last entry of raft's log that is committed. */
  readonly raftIndex: bigint;
  /** The index of the last entry that the member has applied; it lags behind `raftIndex` on a slow member. */
  readonly raftAppliedIndex: bigint;
  /** The size of the database file, in bytes. It shrinks only in {@link MaintenanceClient.defragment}. */
  readonly dbSizeBytes: number;
  /** How much of the file is in use, in bytes. */
  readonly dbSizeInUseBytes: number;
  /** The size at which etcd raises the alarm NOSPACE, in bytes; undefined before etcd 3.6, which does not report it. */
  readonly dbSizeQuotaBytes: number | undefined;
  /** The version of the layout of the file, such as `3.6.0`; undefined before etcd 3.6, and when it is not known. */
  readonly storageVersion: string | undefined;
  /** The version to which the cluster is being downgraded; undefined without a downgrade, and before etcd 3.6. */
  readonly downgradeTargetVersion: string | undefined;
  /** Alarms and problems of the member, in etcd's words, such as `memberID:… alarm:NOSPACE`. */
  readonly errors: readonly string[];
}

/**
 * The type of an alarm.
 * - `NOSPACE`: the database of a member has reached its quota. etcd refuses writes that need space.
 * - `CORRUPT`: a member's data differs from that of the others. It refuses every request.
 */
export type AlarmType = 'NOSPACE' | 'CORRUPT';

/** An alarm that a member has raised, and that stays until it is disarmed. */
export interface Alarm {
  /** The id of the member. */
  readonly memberId: bigint;
  /** The type; a number for a type of a newer etcd. */
  readonly type: AlarmType | number;
}

/** Options of {@link MaintenanceClient.defragment}. */
export interface DefragmentOptions extends CallOptions {
  /** The time limit in milliseconds. Default 600,000 (10 minutes), because etcd rewrites the whole file. */
  readonly timeoutMs?: number;
}

/** The hash of a member's whole database file. */
export interface HashResult {
  /** CRC-32 of the whole database, which may differ between members with equal keys. */
  readonly hash: number;
}

/** Options of {@link MaintenanceClient.hashKv}. */
export interface HashKvOptions extends CallOptions {
  /** Up to which revision keys count. Default: the member's newest. */
  readonly revision?: Revision;
}

/** The hash of a member's keys, all versions since the compaction included. */
export interface HashKvResult {
  /** CRC-32 of the keys. Members have equal hashes for equal revisions and compactions. */
  readonly hash: number;
  /** The revision of the last compaction, where the member's history begins; 0 for none. */
  readonly compactRevision: Revision;
  /** The last revision that counts; undefined before etcd 3.6, which does not report it. */
  readonly hashRevision: Revision | undefined;
}

/** The answer to a step of a downgrade. */
export interface Downgrade {
  /** The version of the cluster at present: `3.5.0` from etcd 3.5, `3.6` from later releases. */
  readonly clusterVersion: string;
}

/**
 * The steps of a downgrade to the previous minor release, since etcd 3.5; an older etcd answers with an {EtcdError} of
 * reason `MethodUnsupported`.
 */
export interface DowngradeClient {
  /**
   * Checks whether the cluster can be downgraded to this version, such as `3.5`. Changes nothing.
   * @throws {EtcdError} with reason `InvalidDowngradeTargetVersion`, `WrongDowngradeVersionFormat` or
   *   `DowngradeInProcess`.
   */
  validate(version: string, options?: CallOptions): Promise<Downgrade>;
  /**
   * Prepares all members for a downgrade to this version. Dangerous: since etcd 3.6 the members change the layout of their
   * databases at once. Then replace the binaries one by one; take a snapshot before.
   * @throws as {@link DowngradeClient.validate}; {AmbiguousWriteError} if the answer was lost.
   */
  enable(version: string, options?: CallOptions): Promise<Downgrade>;
  /**
   * Ends a downgrade that was enabled. Members that run the old version already must be upgraded again.
   * @throws {EtcdError} with reason `NoInflightDowngrade` from etcd 3.5 if there is none; later releases do nothing.
   *   {AmbiguousWriteError} if the answer was lost.
   */
  cancel(options?: CallOptions): Promise<Downgrade>;
}

/**
 * etcd's Maintenance service. Methods throw the errors that {@link KvClient} lists.
 *
 * Calls that concern one member take its endpoint: any address in the form of the client's option `endpoints`, whether or
 * not it is one of these, with the client's TLS settings and credentials. A host name is resolved as those of `endpoints`
 * are, and a server at an address of one of the client's own names has to prove that name. Each has a connection of its own, is sent to no
 * other member, and leaves the state of the client's members unchanged.
 */
export interface MaintenanceClient {
  /**
   * Returns the state of one member as it sees itself, also when it has no leader.
   * @example
   * ```ts
   * for (const endpoint of ['10.0.0.1:2379', '10.0.0.2:2379']) {
   *   const { version, leaderId, memberId, dbSizeBytes } = await client.maintenance.status(endpoint);
   *   console.log(endpoint, version, leaderId === memberId ? 'leader' : 'follower', dbSizeBytes);
   * }
   * ```
   */
  status(endpoint: string, options?: CallOptions): Promise<MemberStatus>;
  /** Lists the alarms of all members. */
  alarms(options?: CallOptions): Promise<readonly Alarm[]>;
  /**
   * Disarms an alarm, and returns those that this call has disarmed. Remove the cause before: a member that still has no
   * space raises the alarm again at the next write.
   */
  disarm(alarm: Alarm, options?: CallOptions): Promise<readonly Alarm[]>;
  /**
   * Rewrites the database file of one member without its unused space. Dangerous: the member answers neither reads nor
   * writes meanwhile. Defragment one member at a time, the leader last. It needs free disk space for a second file. After
   * an abort or a timeout the member continues.
   * @throws {AmbiguousWriteError} if the answer was lost.
   */
  defragment(endpoint: string, options?: DefragmentOptions): Promise<void>;
  /** Returns the hash of one member's whole database. To compare members, use {@link MaintenanceClient.hashKv}. */
  hash(endpoint: string, options?: CallOptions): Promise<HashResult>;
  /**
   * Returns the hash of one member's keys up to a revision. Different hashes at the same revision and compaction prove
   * that the members' data differs.
   * @throws {CompactedError}; {EtcdError} with reason `FutureRev`.
   */
  hashKv(endpoint: string, options?: HashKvOptions): Promise<HashKvResult>;
  /**
   * Reads a snapshot of one member's database: the bytes of the file that `etcdutl snapshot restore` takes. The iteration
   * ends only after the size and the checksum were verified, and throws otherwise; discard what was read then. The
   * server waits while the bytes are not read. For one loop; leaving it cancels the transfer.
   * @throws {InvalidInputError} immediately. (From the iterator) {EtcdError} with code DATA_LOSS for a wrong size or
   *   checksum; {DeadlineError} if the member sent nothing for `timeoutMs`.
   * @example
   * ```ts
   * const snapshot = client.maintenance.snapshot('10.0.0.1:2379');
   * for await (const part of snapshot) console.log(`${part.length} bytes: ${snapshot.receivedBytes} of ${snapshot.totalBytes}`);
   * console.log('complete and verified');
   * ```
   */
  snapshot(endpoint: string, options?: SnapshotOptions): SnapshotStream;
  /**
   * Saves a snapshot of one member's database as a file with mode 0600. It writes to another file in the same folder,
   * verifies the size and the checksum, and renames it at the end: an older file of that name is replaced, and a failure
   * leaves it as it was. A process that is killed meanwhile leaves its file, `<path>.<pid>.<random>.part`, which may be
   * deleted. A relative path is one of the working directory at the call. A symbolic link is replaced itself, not the file
   * that it leads to. Snapshots contain every value, and the hashes of the users' passwords.
   * @throws {InvalidInputError} for the path of a folder, a device or another file that is not a regular one; as {@link MaintenanceClient.snapshot}; errors of the file system.
   * @example
   * ```ts
   * const { bytes } = await client.maintenance.saveSnapshot('10.0.0.1:2379', '/backup/etcd.db');
   * ```
   */
  saveSnapshot(endpoint: string, path: string, options?: SnapshotOptions): Promise<SavedSnapshot>;
  /**
   * Makes another member the leader.
   * @param endpoint An endpoint of the present leader.
   * @param targetId The id of the voting member that is to lead.
   * @throws {EtcdError} with reason `NotLeader` if the endpoint is not the leader's, `BadLeaderTransferee` if the target
   *   is no voting member; {AmbiguousWriteError} if the answer was lost.
   */
  moveLeader(endpoint: string, targetId: bigint, options?: CallOptions): Promise<void>;
  /** Downgrades of the cluster. */
  readonly downgrade: DowngradeClient;
}
