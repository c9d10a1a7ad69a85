import { ClosedError, InvalidInputError } from '../../errors/index.js';
import { canonicalHost, isOwnHost } from '../../model/index.js';
import { type ListedMember, type SkippedEndpoint, selectEndpoints } from './discovery.js';
import { type MemberAddress, parseEndpoints } from './endpoints.js';
import type { Member } from './member.js';
import type { MemberPool } from './pool.js';
import { atAddresses, nameOf, type ResolvedNames, resolveMember } from './resolved-members.js';

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
  /** Whether the client speaks TLS. SRV records may decide it later. */
  readonly tls: () => boolean;
  /** Whether every member must prove `tls.serverName`. */
  readonly verifiesServerName: boolean;
  /** Whether the client sends passwords or tokens. */
  readonly hasAuth: boolean;
  /** Whether passwords and tokens must not leave this machine in plaintext. */
  readonly requiresSecretsLocal: () => boolean;
  readonly newMember: (address: MemberAddress) => Member;
  readonly names: MemberNames;
}

/** The answers for names, and a way to ask for further ones. */
export interface MemberNames extends ResolvedNames {
  resolve(hosts: Iterable<string>): Promise<void>;
}

interface Candidate {
  readonly address: MemberAddress;
  readonly member: Member;
  /** See `#keyOf`. */
  readonly key: string;
  /** Whether the member was made for this candidate. */
  readonly isNew?: boolean;
}

/**
 * The members that a client knows: the seeds from its options or SRV records, which a member list never removes, and
 * those that etcd lists. Each is dialled at the addresses of its name.
 */
export class Membership {
  readonly #ports: MembershipPorts;
  #seeds: readonly MemberAddress[];
  #adopted: readonly MemberAddress[] = [];
  #known: readonly Candidate[];
  /** The last change. Changes run one at a time, because concurrent ones would dial and close each other's members. */
  #changing: Promise<unknown> = Promise.resolve();

  /** @param seeds Those of the pool's members, in their order. */
  constructor(seeds: readonly MemberAddress[], ports: MembershipPorts) {
    this.#ports = ports;
    this.#seeds = seeds;
    this.#known = ports.pool.members.flatMap(({ member }, at) => {
      const seed = seeds[at];
      const [address] = seed ? this.#resolve([seed]) : [];
      return seed && address ? [{ address, member, key: this.#keyOf(seed) }] : [];
    });
  }

  /** The names to resolve. */
  names(): Set<string> {
    return namesOf([...this.#seeds, ...this.#adopted]);
  }

  /**
   * The address of a member in use, named by its endpoint or by an address of its name, in any spelling: a server at the
   * address of a name has to prove the name. Undefined for any other endpoint.
   */
  addressOf(wanted: MemberAddress): MemberAddress | undefined {
    const key = spelling(wanted);
    const usable = this.#known.map(({ address }) => address).filter(({ unresolved }) => !unresolved);
    const named = usable.find(({ endpoint }) => spellingOf(endpoint) === key);
    if (named) return { ...named, endpoint: wanted.endpoint };
    const { socket } = wanted;
    const owner = usable.find(({ address, socket }) => 'host' in socket && address.split(',').includes(key));
    if (!owner || !('host' in socket)) return undefined;
    return { ...atAddresses(owner, [socket.host]), endpoint: wanted.endpoint };
  }

  /** Whether a member cannot be reached although there are names, whose addresses may have changed. */
  isFailing(): boolean {
    return this.names().size > 0 && this.#ports.pool.members.some(({ failure }) => failure === 'unreachable');
  }

  /**
   * Replaces the seeds by those of SRV records, at least one. They are used from the next `refresh`.
   * @param turnsTlsOn Whether they use TLS, unlike those before and the adopted ones, which are then no longer used.
   */
  setSeeds(seeds: readonly MemberAddress[], turnsTlsOn: boolean): void {
    this.#seeds = seeds;
    if (turnsTlsOn) this.#adopted = [];
  }

  /** Uses the present addresses of all names. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ports.pool.closed) return;
      const [candidates] = this.#membersAt(this.#resolve(this.#adopted));
      this.#replaceMembers(candidates);
    });
  }

  /** @throws {InvalidInputError} with TLS or `auth` but neither an `allow` rule nor a verified server name. */
  checkRule(rule: SyncRule | undefined): void {
    const { tls, hasAuth, verifiesServerName } = this.#ports;
    if (rule?.allow || verifiesServerName || !(tls() || hasAuth)) return;
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
    return this.#inTurn(() => this.#adopt(listed, rule));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => {}); // the caller receives the error
    return changed;
  }

  async #adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    if (this.#ports.pool.closed) throw new ClosedError('the client');
    this.checkRule(rule);
    const { usable, skipped } = selectEndpoints(listed, {
      tls: this.#ports.tls(),
      ownHost: this.#seeds.some(({ socket, host }) => 'host' in socket && isOwnHost(host)),
      requiresSecretsLocal: this.#ports.requiresSecretsLocal(),
      allow: rule?.allow,
    });
    await this.#ports.names.resolve(namesOf(usable));
    const [candidates, unusable] = this.#membersAt(this.#resolve(usable));
    const failures = await connectAny(candidates);
    const adopted = failures === undefined && !this.#ports.pool.closed;
    if (adopted) this.#adopted = usable;
    if (adopted) this.#replaceMembers(candidates);
    else this.#closeUnused(candidates);
    return {
      endpoints: this.#ports.pool.members.map(({ member }) => member.endpoint),
      adopted,
      skipped: [...skipped, ...unusable, ...(failures ?? [])],
    };
  }

  /** An address that a seed has too is that seed's member. */
  #replaceMembers(candidates: readonly Candidate[]): void {
    const wanted = new Map<string, Candidate>();
    for (const address of this.#resolve(this.#seeds)) {
      const key = this.#keyOf(address);
      if (!wanted.has(key)) wanted.set(key, { address, member: this.#seedAt(address, key), key });
    }
    const seeds = [...wanted.values()];
    for (const candidate of candidates)
      if (!seeds.some(({ address }) => overlap(address, candidate.address)))
        wanted.set(candidate.key, candidate);
    this.#known = [...wanted.values()];
    this.#ports.pool.replace([...new Set(this.#known.map(({ member }) => member))]);
    this.#closeUnused(candidates);
  }

  #closeUnused(candidates: readonly Candidate[]): void {
    const isUsed = (member: Member) => this.#ports.pool.members.some((health) => health.member === member);
    for (const { member, isNew } of candidates) if (isNew && !isUsed(member)) member.close();
  }

  #resolve(addresses: readonly MemberAddress[]): MemberAddress[] {
    return addresses.flatMap((address) => resolveMember(address, this.#ports.names));
  }

  /** Returns the members at the addresses, and the addresses that cannot be used, such as one without a host to verify. */
  #membersAt(addresses: readonly MemberAddress[]): [Candidate[], SkippedEndpoint[]] {
    const candidates: Candidate[] = [];
    const unusable: SkippedEndpoint[] = [];
    for (const address of addresses) {
      try {
        candidates.push(this.#memberAt(address));
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        unusable.push({ endpoint: address.endpoint, reason: error.message });
      }
    }
    return [candidates, unusable];
  }

  #seedAt(address: MemberAddress, key: string): Member {
    return this.#knownAt(address, key)?.member ?? this.#ports.newMember(address);
  }

  /** A member whose name has changed is another one, although it has the same address: errors and events name it. */
  #knownAt({ endpoint }: MemberAddress, key: string): Candidate | undefined {
    return this.#known.find((known) => known.key === key && known.member.endpoint === endpoint);
  }

  /** An address that a seed has too is that seed's member, whatever its name. */
  #memberAt(address: MemberAddress): Candidate {
    const key = this.#keyOf(address);
    const seed = this.#resolve(this.#seeds).find((one) => overlap(one, address));
    const known = (seed && this.#knownAt(seed, this.#keyOf(seed))) ?? this.#knownAt(address, key);
    if (known) return { address, member: known.member, key };
    return { address, member: this.#ports.newMember(address), key, isNew: true };
  }

  /** Two seeds with one key are one member. With TLS they have to prove the same name. */
  #keyOf({ address, host }: MemberAddress): string {
    const { tls, verifiesServerName } = this.#ports;
    if (!tls()) return address;
    return verifiesServerName ? `tls ${address}` : `tls ${address} ${host}`;
  }
}

function namesOf(addresses: readonly MemberAddress[]): Set<string> {
  return new Set(addresses.flatMap((address) => nameOf(address) ?? []));
}

/** One text for all spellings of an address: `host:port`, or the path of a unix socket. */
function spelling({ socket }: MemberAddress): string {
  return 'path' in socket ? socket.path : `${canonicalHost(socket.host)}:${socket.port}`;
}

function spellingOf(endpoint: string): string | undefined {
  const [address] = parseEndpoints([endpoint]).members;
  return address && spelling(address);
}

/** Whether two members have an address in common. */
function overlap(a: MemberAddress, b: MemberAddress): boolean {
  if (a.address === b.address) return true;
  const addresses = a.address.split(',');
  return (
    'host' in a.socket && 'host' in b.socket && b.address.split(',').some((one) => addresses.includes(one))
  );
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
