import type { Clock } from '../async/index.js';
import type { ClientDiagnostics } from '../diagnostics/index.js';
import { Code, EtcdError } from '../errors/index.js';
import { exposedPasswordError, requiresSecretsLocal } from './auth/plaintext.js';
import { NameFollower, type NameFollowerPorts } from './dns/name-follower.js';
import { createLookups } from './dns/options.js';
import { ConnectionRecord } from './member/connection-record.js';
import type { ListedMember } from './member/discovery.js';
import { isOnThisMachine, type MemberAddress, parseEndpoints } from './member/endpoints.js';
import type { Member } from './member/member.js';
import { Membership, type SyncResult } from './member/membership.js';
import { MemberPool, type PoolPorts } from './member/pool.js';
import { atAddresses, nameOf, resolveMember } from './member/resolved-members.js';
import { Seeds } from './seeds.js';
import type { TransportOptions } from './transport-options.js';

interface MembersPorts extends Pick<PoolPorts, 'probe' | 'onEvent'> {
  readonly diagnostics: ClientDiagnostics;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when a name or the SRV records cannot be resolved. */
  readonly onResolutionFailed: (error: EtcdError) => void;
}

/** The members of a client: those that its options or SRV records name, at the addresses of their names, and listed ones. */
export class Members {
  readonly #options: TransportOptions;
  readonly #seeds: Seeds;
  readonly #names: NameFollower;
  readonly #membership: Membership;
  readonly #newPooledMember: (address: MemberAddress) => Member;
  /** Selects the member for each call. */
  readonly pool: MemberPool;

  /** @throws {InvalidInputError} for invalid options about members: addresses, discovery, DNS, TLS and credentials. */
  constructor(options: TransportOptions, ports: MembersPorts) {
    this.#options = options;
    this.#seeds = new Seeds(options, (): string | undefined => this.#names.failureOf());
    this.#names = this.#followNames(ports);
    this.#newPooledMember = (address) =>
      this.#seeds.newMember(address, new ConnectionRecord(ports.diagnostics, address.endpoint));
    this.pool = this.#createPool(ports);
    this.#membership = this.#createMembership();
    if (options.sync?.intervalMs !== undefined) this.checkSyncRule();
  }

  /**
   * The address of an endpoint, of a member in use or of another one, as far as it is known without DNS: else one that
   * cannot be dialled, for {@link locate}. See {@link Seeds.addressOf}, also for the errors.
   */
  addressOf(endpoint: string): MemberAddress {
    const parsed = this.#seeds.addressOf(endpoint);
    const used = this.#seeds.isTlsDecided ? this.#membership.addressOf(parsed) : undefined;
    if (used) return used;
    return this.#needsOwnNames() || nameOf(parsed) !== undefined
      ? { ...parsed, unresolved: () => notAnswered }
      : parsed;
  }

  /**
   * As `addressOf`, after DNS has answered what was not known: whether the client uses TLS, and the addresses of the
   * endpoint's name, which all are the one server's.
   * @throws as `addressOf`; {EtcdError} without an answer.
   */
  async locate(endpoint: string): Promise<MemberAddress> {
    if (this.#needsOwnNames()) await this.#names.prepare();
    if (!this.#seeds.isTlsDecided) throw unlocated(this.#names.failureOf());
    const known = this.addressOf(endpoint);
    if (!known.unresolved) return known;
    const parsed = this.#seeds.addressOf(endpoint);
    return atAddresses(parsed, await this.#names.addressesOfOther(parsed.host));
  }

  /** Whether the client's own names or SRV records decide on TLS, or on the name that a server at an address has to prove. */
  #needsOwnNames(): boolean {
    const { isTlsDecided, usesTls, verifiesServerName } = this.#seeds;
    return !isTlsDecided || (usesTls && !verifiesServerName && !this.#names.isPrepared);
  }

  /** Returns a member outside the pool. */
  newMember(address: MemberAddress): Member {
    return this.#seeds.newMember(address);
  }

  /** See {@link Membership.checkRule}. */
  checkSyncRule(): void {
    this.#membership.checkRule(this.#options.sync);
  }

  /** See {@link Membership.adopt}. */
  adopt(listed: readonly ListedMember[]): Promise<SyncResult> {
    return this.#membership.adopt(listed, this.#options.sync);
  }

  /** Whether SRV records that were not found yet decide whether the client uses TLS. */
  get isTlsDecided(): boolean {
    return this.#seeds.isTlsDecided;
  }

  /**
   * Checks whether a user's password may be sent to the members in use. To be called when TLS is decided.
   * @throws {InvalidInputError} for plaintext to another machine, unless `allowed` or `auth.allowPlaintext` is set.
   */
  checkPasswordMayBeSent(allowed: boolean): void {
    if (allowed || this.#options.auth?.allowPlaintext || this.#seeds.usesTls) return;
    const exposed = this.pool.members.find(({ member }) => member.isUnresolved || !isLocal(member.endpoint));
    if (exposed) throw exposedPasswordError(exposed.member.endpoint);
  }

  close(): void {
    this.pool.close();
    this.#names.close();
  }

  #followNames({ clock, random, onResolutionFailed }: MembersPorts): NameFollower {
    const { dns } = this.#options;
    return new NameFollower({
      lookups: createLookups(dns),
      clock,
      random,
      refreshMs: dns.refreshMs ?? 30_000,
      discover: this.#discovery(),
      hosts: () => this.#membership.names(),
      onResolved: () => this.#membership.refresh(),
      onFailure: onResolutionFailed,
      isFailing: () => this.#membership.isFailing(),
    });
  }

  #discovery(): NameFollowerPorts['discover'] {
    const seeds = this.#seeds;
    if (!seeds.discovery) return undefined;
    return async (lookups) => {
      const hadTls = seeds.usesTls;
      await seeds.discover(lookups);
      this.#membership.setSeeds(seeds.members, seeds.usesTls !== hadTls);
    };
  }

  #createPool({ clock, random, probe, onEvent }: MembersPorts): MemberPool {
    const { members } = this.#seeds;
    const unresolved = members.flatMap((member) => resolveMember(member, this.#names));
    return new MemberPool(unresolved.map(this.#newPooledMember), {
      clock,
      random,
      prepare: () => this.#names.prepare(),
      probe,
      onEvent: (event) => {
        onEvent(event);
        if (event.type === 'member-unhealthy' && event.failure === 'unreachable') this.#names.refreshSoon();
      },
    });
  }

  #createMembership(): Membership {
    const { auth } = this.#options;
    const seeds = this.#seeds;
    return new Membership(seeds.members, {
      pool: this.pool,
      tls: () => seeds.usesTls,
      verifiesServerName: seeds.verifiesServerName,
      hasAuth: auth !== undefined,
      requiresSecretsLocal: () => requiresSecretsLocal(auth, seeds.usesTls),
      newMember: this.#newPooledMember,
      names: this.#names,
    });
  }
}

const notAnswered = 'DNS did not answer yet';

function unlocated(reason = notAnswered): EtcdError {
  return new EtcdError(reason, { code: Code.UNAVAILABLE, verdict: 'not-applied' });
}

function isLocal(endpoint: string): boolean {
  return parseEndpoints([endpoint]).members.every(isOnThisMachine);
}
