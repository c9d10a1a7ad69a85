import { boolean, noOptions, optionsChecker, wholeNumber } from '../model/index.js';
import { EtcdStartError } from './errors.js';
import type { EtcdClusterHandle, EtcdMember } from './etcd-handle.js';
import type { EtcdNode, EtcdPlan } from './etcd-node.js';
import type { PeerNetwork } from './faults/peer-network.js';
import type { GatewayClient, MemberStatus } from './gateway-client.js';
import { Interruptions } from './interruptions.js';
import { launch } from './launch.js';
import { LocalEtcd, type NodeContext } from './local-etcd.js';
import { type EtcdSource, resolveSettings, type StartEtcdOptions, startChecks } from './options.js';
import type { EtcdConnectOptions } from './security/connect-options.js';
import { findRuntime } from './sources/find.js';
import { until, type WaitLimits } from './wait.js';

/** The options of {@link startEtcdCluster}. */
export interface StartEtcdClusterOptions extends StartEtcdOptions {
  /**
   * The number of members, at most 9; etcd recommends at most 7. Default 3, the smallest number that survives the loss of
   * one.
   */
  members?: number;
  /**
   * Routes the traffic between the members through a network that `isolate()` can cut. Needs Linux, and members that are
   * processes, not containers. Default false.
   */
  partitions?: boolean;
}

const checkStartCluster = optionsChecker<StartEtcdClusterOptions>({
  ...startChecks,
  members: wholeNumber({ min: 1, max: 9 }),
  partitions: boolean,
});

const ELECTION_TIMEOUT_MS = 10_000;
/** Short, because a paused member is asked too and must not delay the answers of the others. */
const STATUS_TIMEOUT_MS = 500;

/**
 * Starts a cluster of members on this machine. Resolves when each answers `/health`, which requires a leader. A cluster
 * is never external.
 *
 * @throws EtcdStartError as `startEtcd` does.
 * @example
 * ```ts
 * await using cluster = await startEtcdCluster({ members: 3 });
 * await using client = new EtcdClient({ endpoints: cluster.endpoints });
 * await cluster.members[0]?.pause();
 * await client.kv.put('greeting', 'hello'); // through another member
 * ```
 */
export async function startEtcdCluster(
  options: StartEtcdClusterOptions = noOptions,
): Promise<EtcdClusterHandle> {
  checkStartCluster(options);
  const count = options.members ?? 3;
  const settings = resolveSettings(options);
  settings.signal?.throwIfAborted();
  if (settings.source === 'external')
    throw new EtcdStartError("a cluster is never taken from source 'external'");
  const partitions = options.partitions ?? false;
  const { plan, context } = await launch(await findRuntime(settings), count, settings, { partitions });
  return new LocalCluster(plan, context);
}

class LocalCluster implements EtcdClusterHandle {
  readonly members: readonly ClusterMember[];
  readonly endpoints: readonly string[];
  readonly prefix = '';
  readonly canBreak = true;
  readonly #context: NodeContext;
  readonly #peers: PeerNetwork | undefined;
  readonly #interruptions = new Interruptions('the cluster');
  #closing: Promise<void> | undefined;

  constructor({ nodes, peers }: EtcdPlan, context: NodeContext) {
    this.#context = context;
    this.#peers = peers;
    const own = (node: EtcdNode) => ({ ...context, dispose: () => node.remove() });
    this.members = nodes.map((node) => new ClusterMember(node, own(node), nodes));
    this.endpoints = nodes.map(({ endpoint }) => endpoint);
  }

  get clientOptions(): EtcdConnectOptions {
    return this.clientOptionsOf('root');
  }

  clientOptionsOf(user: string): EtcdConnectOptions {
    return this.#context.security.connectOptions(this.endpoints, user);
  }

  get source(): EtcdSource {
    return this.#context.runtime.source;
  }

  get version(): string {
    return this.#context.version;
  }

  get etcdctl(): string | undefined {
    return this.#context.runtime.etcdctl;
  }

  async leader(): Promise<EtcdMember> {
    return this.#interruptions.run('leader', () => this.#leader());
  }

  async moveLeader(to?: EtcdMember): Promise<EtcdMember> {
    return this.#interruptions.run('moveLeader', () => this.#moveLeader(to));
  }

  isolate(member: EtcdMember): void {
    this.#interruptions.throwIfClosed();
    if (!this.#peers) throw new Error('to isolate a member, start the cluster with partitions: true');
    this.#peers.isolate(member.name);
  }

  rejoin(): void {
    this.#peers?.heal();
  }

  async #leader(): Promise<ClusterMember> {
    return until('a leader', this.#electionLimits, async () => {
      const answers = (await Promise.all(this.members.map(ask))).filter(isPresent);
      const [leader] = answers.filter(isLeader).sort((a, b) => b.status.raftTerm - a.status.raftTerm);
      return leader?.member;
    });
  }

  async #moveLeader(to: EtcdMember | undefined): Promise<ClusterMember> {
    const leader = await this.#leader();
    const others = this.members.filter((member) => member !== leader && (to === undefined || member === to));
    if (others.length === 0) throw new TypeError(`${to?.name ?? 'no other member'} cannot become the leader`);
    const [next] = (await Promise.all(others.map(ask))).filter(isPresent);
    if (!next) throw new Error('the next leader does not answer');
    await leader.transferLeadership(next.status.memberId);
    return until('a new leader', this.#electionLimits, async () => {
      const now = await ask(next.member);
      return now && isLeader(now) && next.member;
    });
  }

  get #electionLimits(): WaitLimits {
    return { timeoutMs: ELECTION_TIMEOUT_MS, signal: this.#interruptions.signal };
  }

  async wipe(): Promise<void> {
    const ofAll = this.members.reduce(
      (work, member) => () => member.duringWipe(work),
      () => this.#wipe(),
    );
    await this.#interruptions.restart('wipe', 'wiped', ofAll);
  }

  async #wipe(): Promise<void> {
    await Promise.all(this.members.map((member) => member.killWithin()));
    await Promise.all(this.members.map((member) => member.reinitialize()));
    await this.#context.prepareStore(this.#interruptions.signal);
  }

  async close(): Promise<void> {
    this.#interruptions.close();
    for (const member of this.members) member.refuseOperations();
    this.#closing ??= this.#context.dispose();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface Answer {
  readonly member: ClusterMember;
  readonly status: MemberStatus;
}

async function ask(member: ClusterMember): Promise<Answer | undefined> {
  const status = await member.status();
  return status && { member, status };
}

/** Trusts only a member's statement about itself: the others name a lost leader until they elect the next. */
function isLeader({ status }: Answer): boolean {
  return status.leaderId === status.memberId;
}

class ClusterMember extends LocalEtcd {
  readonly #siblings: readonly EtcdNode[];

  constructor(node: EtcdNode, context: NodeContext, all: readonly EtcdNode[]) {
    super(node, context);
    this.#siblings = all.filter((other) => other !== node);
  }

  async status(): Promise<MemberStatus | undefined> {
    try {
      return await this.gateway.status(STATUS_TIMEOUT_MS);
    } catch {
      return undefined;
    }
  }

  /** Called on the leader: transfers the leadership to the member with the id. */
  async transferLeadership(toMemberId: string): Promise<void> {
    await this.interruptions.run('moveLeader', () => this.gateway.moveLeader(toMemberId));
  }

  /** Runs a wipe of the whole cluster, which explains failures of this member's operations. */
  duringWipe(work: () => Promise<void>): Promise<void> {
    return this.interruptions.restart('wipe', 'wiped', work);
  }

  /** The cluster is being closed. */
  refuseOperations(): void {
    this.interruptions.close();
  }

  /** For a wipe of the whole cluster. */
  override killWithin(): Promise<void> {
    return super.killWithin();
  }

  /** For a wipe of the whole cluster: restarts the member in its initial state, without data. */
  reinitialize(): Promise<void> {
    return this.runExclusively(() => this.startEmpty());
  }

  protected override async replaceData(): Promise<void> {
    if (this.#siblings.length === 0) return super.replaceData();
    await this.#checkQuorum(this.open());
    await this.node.kill();
    const limits = { timeoutMs: ELECTION_TIMEOUT_MS, signal: this.interruptions.signal };
    await until('replacing the member', limits, () => this.#replace());
    await this.node.erase({ joinExisting: true });
    await this.startAgain();
  }

  /** Without a quorum among the others, the member would be removed or killed and could never join again. */
  async #checkQuorum({ name }: EtcdNode): Promise<void> {
    const others = this.#siblings.map(({ gateway }) => gateway);
    const needed = Math.floor((others.length + 1) / 2) + 1;
    const refuse = (count: number, what: string): never => {
      throw new Error(
        `wipe() of ${name} is refused, and nothing was changed: of ${others.length} other members ${count} ${what}, and ${needed} are needed`,
      );
    };
    const answering = await count(others, (gateway) => gateway.status(STATUS_TIMEOUT_MS));
    if (answering < needed) refuse(answering, 'answer');
    let healthy = 0;
    const limits = { timeoutMs: ELECTION_TIMEOUT_MS, signal: this.interruptions.signal };
    await until('a quorum', limits, async () => {
      healthy = await count(others, (gateway) => gateway.isHealthy());
      return healthy >= needed;
    }).catch(() => refuse(healthy, 'have a leader'));
  }

  /** Asks the siblings in turn: some may be down. Returns false if none could; an election may be in progress. */
  async #replace(): Promise<boolean> {
    for (const { gateway } of this.#siblings) {
      try {
        const id = await gateway.memberIdAt(this.node.peerUrl);
        if (id !== undefined) await gateway.removeMember(id);
        await gateway.addMember(this.node.peerUrl);
        return true;
      } catch {}
    }
    return false;
  }
}

/** The number of gateways whose answer is neither an error nor `false`. */
async function count(
  gateways: readonly GatewayClient[],
  request: (gateway: GatewayClient) => Promise<unknown>,
): Promise<number> {
  const answers = await Promise.allSettled(gateways.map(request));
  return answers.filter((answer) => answer.status === 'fulfilled' && answer.value !== false).length;
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
