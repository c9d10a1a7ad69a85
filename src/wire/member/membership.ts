import { ClosedError, InvalidInputError } from '../../errors/index.js';
import { isOwnHost } from '../../model/index.js';
import { type ListedMember, type SkippedEndpoint, selectEndpoints } from './discovery.js';
import type { MemberAddress } from './endpoints.js';
import type { Member } from './member.js';
import type { MemberPool } from './pool.js';

/** The rule for using addresses from etcd's member list. */
export interface SyncRule {
  /**
   * Returns whether an advertised address, as etcd sends it, may be dialled. Required with TLS, whose certificates prove
   * a name but not that the server is one of your members, and with `auth`, whose password or token is sent there. Not
   * required with `tls.serverName`, a name that every member must prove.
   */
  readonly allow?: (endpoint: string) => boolean;
}

/** The result of reading etcd's member list. */
export interface SyncResult {
  /** The endpoints in use: those of the options and the adopted ones. */
  readonly endpoints: readonly string[];
  /** Whether the advertised addresses are in use. False if none is usable or reachable; then nothing has changed. */
  readonly adopted: boolean;
  /** The advertised addresses that are not used, each with the reason. */
  readonly skipped: readonly SkippedEndpoint[];
}

export interface MembershipPorts {
  readonly pool: MemberPool;
  readonly tls: boolean;
  /** Whether every member must prove `tls.serverName`. */
  readonly verifiesServerName: boolean;
  /** Whether the client sends passwords or tokens. */
  readonly hasAuth: boolean;
  /** Whether passwords and tokens must not leave this machine in plaintext. */
  readonly requiresSecretsLocal: boolean;
  readonly newMember: (address: MemberAddress) => Member;
}

interface Candidate {
  readonly address: MemberAddress;
  readonly member: Member;
}

/** The members that a client knows: the seeds from its options, which are never removed, and those that etcd lists. */
export class Membership {
  readonly #ports: MembershipPorts;
  readonly #seeds: readonly MemberAddress[];
  readonly #known = new Map<string, Member>();
  /** The last adoption. Adoptions run one at a time, because concurrent ones would dial and close each other's members. */
  #adopting: Promise<unknown> = Promise.resolve();

  constructor(seeds: readonly MemberAddress[], ports: MembershipPorts) {
    this.#ports = ports;
    this.#seeds = seeds;
    for (const [at, { member }] of ports.pool.members.entries()) {
      const seed = seeds[at];
      if (seed) this.#known.set(seed.address, member);
    }
  }

  /** @throws {InvalidInputError} with TLS or `auth` but neither an `allow` rule nor a verified server name. */
  checkRule(rule: SyncRule | undefined): void {
    const { tls, hasAuth, verifiesServerName } = this.#ports;
    if (rule?.allow || verifiesServerName || !(tls || hasAuth)) return;
    throw new InvalidInputError(
      `sync with ${hasAuth ? 'auth' : 'TLS'} needs sync.allow, a rule for the addresses that may be dialled, or TLS with ` +
        'tls.serverName, a name that every member must prove; otherwise the member list could direct this client to any host',
    );
  }

  /**
   * Adopts the advertised addresses that the rule allows, at most 32, if any of them can be reached. An empty list, or a
   * list of addresses that are valid only inside a container, changes nothing. Concurrent calls run one after another.
   */
  adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    const adopted = this.#adopting.then(() => this.#adopt(listed, rule));
    this.#adopting = adopted.catch(() => {}); // the caller of adopt() receives the error
    return adopted;
  }

  async #adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    if (this.#ports.pool.closed) throw new ClosedError('the client');
    this.checkRule(rule);
    const { usable, skipped } = selectEndpoints(listed, {
      tls: this.#ports.tls,
      ownHost: this.#seeds.some(({ socket, host }) => 'host' in socket && isOwnHost(host)),
      requiresSecretsLocal: this.#ports.requiresSecretsLocal,
      allow: rule?.allow,
    });
    const [candidates, unusable] = this.#membersAt(usable);
    const failures = await connectAny(candidates);
    const adopted = failures === undefined && !this.#ports.pool.closed;
    if (adopted) this.#replaceMembers(candidates);
    else this.#closeNew(candidates);
    return {
      endpoints: this.#ports.pool.members.map(({ member }) => member.endpoint),
      adopted,
      skipped: [...skipped, ...unusable, ...(failures ?? [])],
    };
  }

  #replaceMembers(candidates: readonly Candidate[]): void {
    const wanted = new Map<string, Member>();
    for (const seed of this.#seeds) wanted.set(seed.address, this.#memberAt(seed));
    for (const { address, member } of candidates) wanted.set(address.address, member);
    this.#known.clear();
    for (const [address, member] of wanted) this.#known.set(address, member);
    this.#ports.pool.replace([...wanted.values()]);
  }

  #closeNew(candidates: readonly Candidate[]): void {
    for (const { address, member } of candidates)
      if (this.#known.get(address.address) !== member) member.close();
  }

  /** Returns the members at the addresses, and the addresses that cannot be used, such as one without a host to verify. */
  #membersAt(addresses: readonly MemberAddress[]): [Candidate[], SkippedEndpoint[]] {
    const candidates: Candidate[] = [];
    const unusable: SkippedEndpoint[] = [];
    for (const address of addresses) {
      try {
        candidates.push({ address, member: this.#memberAt(address) });
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        unusable.push({ endpoint: address.endpoint, reason: error.message });
      }
    }
    return [candidates, unusable];
  }

  #memberAt(address: MemberAddress): Member {
    return this.#known.get(address.address) ?? this.#ports.newMember(address);
  }
}

/** Resolves with undefined once one member connects, or with every member's reason after all have failed. */
async function connectAny(candidates: readonly Candidate[]): Promise<SkippedEndpoint[] | undefined> {
  try {
    await Promise.any(candidates.map(({ member }) => member.connect()));
    return undefined;
  } catch (error) {
    const { errors } = error as AggregateError;
    const reasonAt = (at: number) => (errors[at] instanceof Error ? errors[at].message : String(errors[at]));
    return candidates.map(({ address: { endpoint } }, at) => ({
      endpoint,
      reason: `no advertised address can be reached: ${reasonAt(at)}`,
    }));
  }
}
