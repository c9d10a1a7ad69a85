import { errorFromServer } from '#src/errors/index.js';
import { VirtualClock } from '../clock.js';
import { Random } from '../random.js';
import { TimedFaults } from '../timed-faults.js';
import type { Trace } from '../trace.js';
import { SimClient } from './client.js';
import { Cluster, type Member } from './cluster.js';
import type { Coverage } from './coverage.js';
import { Network, type SimStream } from './network.js';
import { Oracle } from './oracle.js';
import { type Action, type FaultKind, faultKinds, type Schedule } from './schedule.js';

/** A cluster, a network and a process that holds leases, with all actions of a schedule. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly cluster: Cluster;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly client: SimClient;
  readonly #coverage: Coverage;
  readonly #trace: Trace;
  readonly #survivable: boolean;
  readonly #faults = new TimedFaults(this.clock);
  #refreshFails = false;
  #badCredentials = false;
  #nextLease = 1n;
  #nextCall = 1;
  readonly #granting = new Set<bigint>();

  constructor({ seed, survivable }: Schedule, coverage: Coverage, trace: Trace) {
    const { clock } = this;
    this.random = new Random(seed);
    this.#coverage = coverage;
    this.#trace = trace;
    this.#survivable = survivable;
    this.cluster = new Cluster(clock, this.random, (lease) => {
      const { client } = this;
      this.oracle.onServerMayExpire(lease, client.now, client.isAware, client.heldAt(lease.id, client.now));
    });
    this.oracle = new Oracle(this.cluster, survivable);
    this.client = new SimClient({
      clock,
      random: this.random,
      trace,
      oracle: this.oracle,
      network: () => this.network,
      refreshToken: () => this.#refreshToken(),
    });
    const { client } = this;
    this.network = new Network(
      clock,
      this.random,
      this.cluster,
      {
        opened: ({ key }) => client.input({ type: 'stream-opened', stream: key }),
        answer: ({ key }, lease, ttlMs, tag) =>
          client.input({ type: 'reply', stream: key, lease, ttlMs }, tag),
        lost: ({ key }, error) => client.input({ type: 'stream-lost', stream: key, error }),
      },
      survivable,
    );
  }

  do({ kind, a, b, c }: Action): void {
    this.#trace.record(this.clock.now, 1, a, b, () => `* ${kind} (${a}, ${b}, ${c})`);
    if ((faultKinds as readonly string[]).includes(kind))
      this.#coverage.hit(kind as FaultKind, this.oracle.states());
    const present = this.oracle.active;
    const lease = present[a % Math.max(1, present.length)]?.id;
    const stream = [...this.network.streams][a % Math.max(1, this.network.streams.size)];
    switch (kind) {
      case 'hold':
        this.#hold(a, b);
        return;
      case 'hold-again':
        if (lease !== undefined && !this.#granting.has(lease)) this.#holdAgain(lease, a, b);
        return;
      case 'close':
        if (lease !== undefined) this.client.input({ type: 'release', lease, reason: 'closed' });
        return;
      case 'revoke':
        if (lease === undefined) return;
        this.client.input({ type: 'release', lease, reason: 'revoked' });
        this.clock.after(1 + (b % 50), () => this.cluster.remove(lease));
        return;
      case 'once-held':
        if (lease !== undefined) this.#once(lease, b);
        return;
      case 'once-other':
        this.cluster.grant(this.#nextLease, 5_000);
        this.#once(this.#nextLease++, b);
        return;
      case 'once-missing':
        if (!this.#survivable) this.#once(this.#nextLease++, b);
        return;
      case 'leave': {
        const { open } = this.oracle.calls;
        const key = open[a % Math.max(1, open.length)];
        if (key !== undefined) this.client.input({ type: 'cancel-call', call: key });
        return;
      }
      default:
        this.#inject(kind, lease, stream, a, b);
    }
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults.heal();
    this.#refreshFails = false;
    this.cluster.leaderless = false;
    for (const member of this.cluster.members) healMember(member, this.clock.now);
    for (const stream of this.network.streams) stream.cutAfter = Number.POSITIVE_INFINITY;
  }

  /** Whether the user still has access; a new lease and a new call must then succeed. */
  get hasAccess(): boolean {
    return !this.#badCredentials;
  }

  probe(): { readonly lease: bigint; readonly call: number } {
    const probed = { lease: this.#nextLease, call: this.#nextCall };
    this.#hold(1, 0, { ttlMs: 60_000 });
    this.clock.after(1_000, () => this.#once(probed.lease, 8_000));
    return probed;
  }

  /** Every owner releases its lease. */
  releaseAll(): void {
    for (const { id } of this.oracle.active)
      this.client.input({ type: 'release', lease: id, reason: 'closed' });
  }

  // User actions.

  #hold(a: number, b: number, wanted: { readonly ttlMs?: number; readonly lease?: bigint } = {}): void {
    const ttls = this.#survivable ? [5_000, 9_000, 20_000] : [2_000, 3_000, 5_000, 9_000, 60_000];
    const { ttlMs = this.random.pick(ttls), lease = this.#nextLease++ } = wanted;
    if (!this.client.isAwake) return;
    const sentAt = this.client.now;
    // Some grants are retried, and either attempt was executed.
    const retriedMs = !this.#survivable && a % 5 === 0 ? b % 2_500 : 0;
    const granted = 1 + (b % 20) + (a % 2 ? retriedMs : 0);
    this.#granting.add(lease);
    this.clock.after(granted, () => {
      if (!this.cluster.grant(lease, ttlMs)) this.#granting.delete(lease);
    });
    this.clock.after(granted + 1 + retriedMs + (a % 20), () => {
      if (this.#granting.delete(lease)) this.client.input({ type: 'hold', lease, sentAt, ttlMs });
    });
  }

  /** Another client revokes the lease, and its id is granted again before this client notices. */
  #holdAgain(lease: bigint, a: number, b: number): void {
    this.cluster.remove(lease);
    const ttlMs = this.cluster.leases.get(lease)?.ttlMs;
    if (ttlMs !== undefined) this.#hold(a, b, { lease, ttlMs });
  }

  #once(lease: bigint, b: number): void {
    const { client } = this;
    if (!client.isAwake) return;
    const call = this.#nextCall++;
    const timeoutMs = this.#survivable ? 10_000 : 200 + (b % 9_000);
    client.input({ type: 'renew-once', call, lease, deadlineAt: client.now + timeoutMs });
    this.clock.after(timeoutMs * 1.02 + 20, () => {
      if (client.upToDate) this.oracle.calls.checkDeadline(call, client.now);
    });
  }

  // Faults.

  #inject(
    kind: FaultKind,
    lease: bigint | undefined,
    stream: SimStream | undefined,
    a: number,
    b: number,
  ): void {
    const { cluster, network, client } = this;
    const member = cluster.members[b % 3] as Member;
    const ms = a % 4 === 0 ? a % 20_000 : a % 3_000;
    switch (kind) {
      case 'cut':
        if (stream) network.fail(stream);
        return;
      case 'cut-later':
        if (stream) stream.cutAfter = a % 4;
        return;
      case 'blackhole':
        if (this.#survivable && cluster.members.some(({ isBlackholed, up }) => isBlackholed || !up)) return;
        this.#blackhole(a % 3 === 0 ? member : (stream?.member ?? member), this.#survivable ? 30_000 : ms);
        return;
      case 'stall':
        (stream?.member ?? member).stalledUntil = this.clock.now + ms;
        return;
      case 'slow': {
        const slow = stream?.member ?? member;
        slow.slowMs = b % 2_000;
        this.#faults.endAfter(ms * 4, () => {
          slow.slowMs = 0;
        });
        return;
      }
      case 'down':
        if (this.#survivable && cluster.members.some(({ isBlackholed, up }) => isBlackholed || !up)) return;
        this.#down(member, ms);
        return;
      case 'leaderless':
        cluster.leaderless = true;
        this.#faults.endAfter(b % 5_000, () => {
          cluster.leaderless = false;
          cluster.changeLeader();
        });
        return;
      case 'leader-change':
        cluster.changeLeader();
        return;
      case 'pause':
      case 'suspend':
        client.sleep(1 + (a % 3 === 0 ? a % 20_000 : a % 2_000), kind === 'suspend');
        return;
      case 'revoked-elsewhere':
        if (lease !== undefined) cluster.remove(lease);
        return;
      case 'wipe':
        for (const id of cluster.leases.keys()) cluster.remove(id);
        return;
      case 'forbid': {
        const forbidden = lease === undefined ? undefined : cluster.leases.get(lease);
        if (forbidden) forbidden.forbidden = true;
        return;
      }
      case 'expire-token':
        cluster.tokenGeneration++;
        return;
      case 'refresh-fails':
        cluster.tokenGeneration++;
        this.#faults.during(ms, (isOn) => {
          this.#refreshFails = isOn;
        });
        return;
      case 'bad-credentials':
        this.#badCredentials = true;
        this.oracle.badCredentials = true;
        cluster.tokenGeneration++;
        return;
      case 'stray-answer': {
        if (!stream?.member) return;
        const known = lease !== undefined && b % 2 === 0 ? lease : 999_999n;
        if (this.oracle.hasNoRequest(stream.key, known))
          network.answerUnrequested(stream, known, b % 3 === 0 ? 0 : 60_000);
      }
    }
  }

  #blackhole(member: Member, ms: number): void {
    this.network.blackhole(member);
    this.#faults.endAfter(ms, () => healMember(member, this.clock.now));
  }

  #down(member: Member, ms: number): void {
    member.up = false;
    for (const stream of [...this.network.streams]) if (stream.member === member) this.network.fail(stream);
    this.#faults.endAfter(ms, () => healMember(member, this.clock.now));
  }

  #refreshToken(): void {
    this.clock.after(this.random.between(70, 300), () => {
      const { client } = this;
      if (this.#badCredentials) {
        const text = 'etcdserver: authentication failed, invalid user ID or password';
        client.input({ type: 'token-refresh-failed', error: errorFromServer(3, text) });
      } else if (this.#refreshFails) {
        client.input({ type: 'token-refresh-failed', error: errorFromServer(14, 'Connection dropped') });
      } else {
        client.tokenGeneration = this.cluster.tokenGeneration;
        client.input({ type: 'token-refreshed' });
      }
    });
  }
}

function healMember(member: Member, now: number): void {
  member.up = true;
  member.isBlackholed = false;
  member.slowMs = 0;
  member.stalledUntil = Math.min(member.stalledUntil, now);
}
