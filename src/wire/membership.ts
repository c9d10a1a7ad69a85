import { ClosedError, InvalidInputError } from '../errors/index.js';
import { discover, isLoopback, type ListedMember, type RefusedEndpoint } from './discovery.js';
import type { MemberAddress } from './endpoints.js';
import type { Member } from './member.js';
import type { MemberPool } from './member-pool.js';

/** Which addresses of the member list may be used. */
export interface SyncRule {
  /**
   * Says of an advertised address, as etcd tells it, whether it may be dialled. Needed where TLS is used: a
   * certificate proves who answers, not that it is one of your members.
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
  readonly refused: readonly RefusedEndpoint[];
}

export interface MembershipPorts {
  readonly pool: MemberPool;
  readonly tls: boolean;
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
    for (const [at, { member }] of ports.pool.standings.entries()) {
      const seed = seeds[at];
      if (seed) this.#known.set(seed.address, member);
    }
  }

  /** @throws {InvalidInputError} where TLS is used and there is no rule. */
  checkRule(rule: SyncRule | undefined): void {
    if (this.#ports.tls && !rule?.allow) {
      throw new InvalidInputError(
        'sync over TLS needs sync.allow, a rule for the addresses that may be dialled: whoever writes the member list could send this client elsewhere',
      );
    }
  }

  /**
   * Takes over what the members advertise, as far as the rule allows and anything of it can be reached. An empty list,
   * or one of addresses that are good only inside somebody's container, changes nothing. One list after another.
   */
  adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    const adopted = this.#adopting.then(() => this.#adopt(listed, rule));
    this.#adopting = adopted.catch(() => {}); // whoever asked for it is told
    return adopted;
  }

  async #adopt(listed: readonly ListedMember[], rule: SyncRule | undefined): Promise<SyncResult> {
    if (this.#ports.pool.closed) throw new ClosedError('the client');
    this.checkRule(rule);
    const { usable, refused } = discover(listed, {
      tls: this.#ports.tls,
      loopback: this.#seeds.some(({ address }) => isLoopback(address)),
      allow: rule?.allow,
    });
    const [found, unusable] = this.#membersAt(usable);
    const adopted = (await anyConnects(found.map(({ member }) => member))) && !this.#ports.pool.closed;
    if (adopted) this.#use(found);
    else this.#discard(found);
    const unreachable = adopted
      ? []
      : usable.map(({ endpoint }) => ({ endpoint, reason: 'none of those found can be reached' }));
    return {
      endpoints: this.#ports.pool.standings.map(({ member }) => member.endpoint),
      adopted,
      refused: [...refused, ...unusable, ...unreachable],
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
  #membersAt(addresses: readonly MemberAddress[]): [Found[], RefusedEndpoint[]] {
    const found: Found[] = [];
    const unusable: RefusedEndpoint[] = [];
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

async function anyConnects(members: readonly Member[]): Promise<boolean> {
  try {
    await Promise.any(members.map((member) => member.connect()));
    return true;
  } catch {
    return false; // each of them has said why it cannot be reached; none at all comes here as well
  }
}
