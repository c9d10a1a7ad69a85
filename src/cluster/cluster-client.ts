import type { CallOptions } from '../wire/index.js';

/** A member of the cluster, as etcd lists it. */
export interface ClusterMember {
  /** The member's id; {@link formatMemberId} writes it as `etcdctl` does. */
  readonly id: bigint;
  /** The member's name; empty until it has started for the first time. */
  readonly name: string;
  /** The URLs for the other members. */
  readonly peerUrls: readonly string[];
  /** The URLs for clients, as the member advertises them; empty until it has started for the first time. */
  readonly clientUrls: readonly string[];
  /** Whether it receives the data without a vote, until it is promoted. */
  readonly isLearner: boolean;
}

/** The members of the cluster. */
export interface MemberListResult {
  /** All members, in the order of etcd's answer. */
  readonly members: readonly ClusterMember[];
}

/** A new member, which has to be started next. */
export interface AddedMember extends MemberListResult {
  /** The new member. Its name is empty until it has started. */
  readonly member: ClusterMember;
}

/** Options of {@link ClusterClient.list}. */
export interface MemberListOptions extends CallOptions {
  /**
   * Whether the member that answers reads its own list, which may be stale, without asking the others: the only list
   * that a cluster without a quorum has. Default false. etcd 3.4 always answers in this way.
   */
  readonly serializable?: boolean;
}

/**
 * etcd's Cluster service: the list of members. With authentication, changes need the role root. Methods throw the errors
 * that {@link KvClient} lists. etcd refuses a change that would endanger the quorum: the call is sent again until its
 * deadline while the cluster is unhealthy, which it is for five seconds after a member has started, and then fails with
 * {DeadlineError}. An {EtcdError} with reason `MemberNotEnoughStarted` is final: start the members that were added.
 */
export interface ClusterClient {
  /**
   * Lists the members.
   * @example
   * ```ts
   * const { members } = await client.cluster.list();
   * for (const { id, name, peerUrls } of members) console.log(formatMemberId(id), name, peerUrls);
   * ```
   */
  list(options?: MemberListOptions): Promise<MemberListResult>;
  /**
   * Adds a voting member, which counts for the quorum at once: with one member, a second one must start before anything
   * can be written. Prefer {@link ClusterClient.addLearner} and {@link ClusterClient.promote}. Start the member with
   * `--initial-cluster-state existing` and the list of all members as `--initial-cluster`.
   * @param peerUrls Where the other members will reach it, such as `['http://10.0.0.4:2380']`.
   * @throws {EtcdError} with reason `PeerURLExist` or `MemberExist`; {AmbiguousWriteError} if the answer was lost: list
   *   the members before adding it again.
   */
  add(peerUrls: readonly string[], options?: CallOptions): Promise<AddedMember>;
  /**
   * Adds a learner: it receives the data and has no vote, so that a mistake in its configuration does no harm. etcd allows
   * one at a time by default.
   * @throws as {@link ClusterClient.add}; {EtcdError} with reason `TooManyLearners`.
   */
  addLearner(peerUrls: readonly string[], options?: CallOptions): Promise<AddedMember>;
  /**
   * Makes a learner a voting member.
   * @throws {EtcdError} with reason `LearnerNotReady` while it lags behind the leader: call again later; `MemberNotLearner`
   *   or `MemberNotFound`.
   */
  promote(id: bigint, options?: CallOptions): Promise<MemberListResult>;
  /**
   * Removes a member. Dangerous: the member stops at once and can never join again with its data. While another member is
   * down, the cluster may lose its quorum; etcd refuses that unless it was started with `--strict-reconfig-check=false`.
   * @throws {EtcdError} with reason `MemberNotFound` or `MemberNotEnoughStarted`.
   */
  remove(id: bigint, options?: CallOptions): Promise<MemberListResult>;
  /**
   * Replaces the peer URLs of a member. The member itself must then be restarted with the new ones.
   * @throws {EtcdError} with reason `MemberNotFound` or `PeerURLExist`.
   */
  update(id: bigint, peerUrls: readonly string[], options?: CallOptions): Promise<MemberListResult>;
}
