import { ClosedError, InvalidInputError } from '../errors/index.js';
import { isOwnHost } from '../model/index.js';
import { type ListedMember, type SkippedEndpoint, selectEndpoints } from './discovery.js';
import type { MemberAddress } from './endpoints.js';
import type { Member } from './member.js';
import type { MemberPool } from './member-pool.js';

/** Which addresses of the member list may be used. */
export interface SyncRule {
  /**
   * Says of an advertised address, as etcd sends it, whether it may be dialled. Required with TLS, whose certificates
   * prove who answers and not that it is one of your members, and with `auth`, whose password or token goes there; not
   * required where `tls.serverName` names one identity that every member must prove.
   */
  readonly allow?: (endpoint: string) => boolean;
}

/** What came of reading the member list. */
export interface SyncResult {
  /** The endpoints in use from now on: those the client was given, and those it found. */
  readonly endpoints: readonly string[];
  /** Whether what was found is among them: it is not where none of it could be reached. */
  readonly adopted: boolean;
  /** Advertised addresses that are not used, each with the reason. */
  readonly skipped: readonly SkippedEndpoint[];
}

export interface MembershipPorts {
  readonly pool: MemberPool;
  readonly tls: boolean;
  /** Whether every member must prove one name that the caller chose: `tls.serverName`, verified. */
  readonly verifiesServerName: boolean;
  /** Whether a password or a token goes to the members. */
  readonly hasAuth: boolean;
  /** Whether it must not leave this machine in plaintext. */
  readonly requiresSecretsLocal: boolean;
  readonly newMember: (address: MemberAddress) => Member;
}

interface Found {
  readonly address: MemberAddress;
  readonly member: Member;
}

/** The members that a client knows: those it was given, which it never forgets, and those that etcd told it of. */
export class Membership {
  readonly #ports: MembershipPorts;
  readonly #seeds: readonly MemberAddress[];
  readonly #known = new Map<string, Member>();
  /** What is being adopted, the last in line: two at a time would each dial what the other does, or lets go of. */
  #adopting: Promise<unknown> = Promise.resolve();

  constructor(seeds: readonly MemberAddress[], ports: MembershipPorts) {
    this.#ports = ports;
    this.#seeds = seeds;
    for (const [at, { member }] of ports.pool.members.entries()) {
      const seed = seeds[at];
      if (seed) this.#known.set(seed.address, member);
    }
  }

  /** @throws {InvalidInputError} with TLS or `auth`, where neither a rule nor a name says who may be a member. */
  checkRule(rule: SyncRule | undefined): void {
    const { tls, hasAuth, verifiesServerName: provesName } = this.#ports;
    if (rule?.allow || provesName || !(tls || hasAuth)) return;
    throw new InvalidInputError(
      `sync with ${hasAuth ? 'auth' : 'TLS'} needs sync.allow, a rule for the addresses that may be dialled, or TLS with ` +
        'tls.serverName, a name that every member must prove: whoever writes the member list could send this client elsewhere',
    );
  }

  /**
   * Takes over what the members advertise, at most 32 addresses, as far as the rule allows and any of them can be
   * reached. An empty list, or one of addresses that work only inside a container, changes nothing. One list after
   * another.
   */
  adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    const adopted = this.#adopting.then(() => this.#adopt(listed, rule));
    this.#adopting = adopted.catch(() => {}); // whoever asked for it is told
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
    const [found, unusable] = this.#membersAt(usable);
    const failures = await connectAny(found);
    const adopted = failures === undefined && !this.#ports.pool.closed;
    if (adopted) this.#use(found);
    else this.#discard(found);
    return {
      endpoints: this.#ports.pool.members.map(({ member }) => member.endpoint),
      adopted,
      skipped: [...skipped, ...unusable, ...(failures ?? [])],
    };
  }

  #use(found: readonly Found[]): void {
    const wanted = new Map<string, Member>();
    for (const seed of this.#seeds) wanted.set(seed.address, this.#memberAt(seed));
    for (const { address, member } of found) wanted.set(address.address, member);
    this.#known.clear();
    for (const [address, member] of wanted) this.#known.set(address, member);
    this.#ports.pool.replace([...wanted.values()]);
  }

  #discard(found: readonly Found[]): void {
    for (const { address, member } of found) if (this.#known.get(address.address) !== member) member.close();
  }

  /** An address that no certificate could be for is no reason to leave out the others. */
  #membersAt(addresses: readonly MemberAddress[]): [Found[], SkippedEndpoint[]] {
    const found: Found[] = [];
    const unusable: SkippedEndpoint[] = [];
    for (const address of addresses) {
      try {
        found.push({ address, member: this.#memberAt(address) });
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        unusable.push({ endpoint: address.endpoint, reason: error.message });
      }
    }
    return [found, unusable];
  }

  #memberAt(address: MemberAddress): Member {
    return this.#known.get(address.address) ?? this.#ports.newMember(address);
  }
}

/** Why each of them cannot be reached, also where there is none; undefined as soon as one of them is. */
async function connectAny(found: readonly Found[]): Promise<SkippedEndpoint[] | undefined> {
  try {
    await Promise.any(found.map(({ member }) => member.connect()));
    return undefined;
  } catch (error) {
    const { errors } = error as AggregateError;
    const why = (at: number) => (errors[at] instanceof Error ? errors[at].message : String(errors[at]));
    return found.map(({ address: { endpoint } }, at) => ({
      endpoint,
      reason: `none of those found can be reached: ${why(at)}`,
    }));
  }
}
