import { InvalidInputError } from '../errors/index.js';
import { checkAuth } from './auth/auth.js';
import { checkPlaintext, requiresSecretsLocal } from './auth/plaintext.js';
import { makeChannelOptions } from './channel-options.js';
import type { Lookups } from './dns/lookups.js';
import { checkedDiscovery, type DiscoveryOptions } from './dns/options.js';
import { findBySrv, srvNames } from './dns/srv.js';
import type { ConnectionRecord } from './member/connection-record.js';
import { type MemberAddress, parseEndpoints } from './member/endpoints.js';
import { Member } from './member/member.js';
import { type MemberCredentials, makeCredentials } from './tls/credentials.js';
import type { TlsOptions } from './tls/options.js';
import type { TransportOptions } from './transport-options.js';

/** The members that the options name, or that SRV records name, with what is needed to connect to them. */
export class Seeds {
  readonly #options: TransportOptions;
  readonly #tls: TlsOptions | undefined;
  readonly #credentials: (member: MemberAddress) => MemberCredentials;
  readonly #plaintext: (member: MemberAddress) => MemberCredentials;
  /** Undefined when the endpoints are configured. */
  readonly discovery: DiscoveryOptions | undefined;
  #members: readonly MemberAddress[];
  #usesTls: boolean;
  #isDecided = true;

  /**
   * @param failure Returns why no member was found by SRV records.
   * @throws {InvalidInputError} for invalid options about members: addresses, discovery, TLS and credentials.
   */
  constructor(options: TransportOptions, failure: () => string | undefined) {
    this.#options = options;
    const { endpoints, discovery } = checkedSource(options);
    this.discovery = discovery;
    if (discovery) {
      checkAuth(options.auth);
      this.#members = [unknownMember(discovery, failure)];
      this.#tls = discoveryTls(discovery, options.tls);
      this.#usesTls =
        discovery.insecure !== true || options.tls !== undefined || requiresSecretsLocal(options.auth, false);
      this.#isDecided = this.#usesTls;
    } else {
      const { members, tls } = parseEndpoints(endpoints);
      if (tls === false && options.tls)
        throw new InvalidInputError(
          'tls is given, but the endpoints use http://: write https://, or remove tls',
        );
      checkAuth(options.auth);
      this.#members = members;
      this.#tls = tls ? (options.tls ?? {}) : options.tls;
      this.#usesTls = tls ?? (options.tls ?? undefined) !== undefined;
      checkPlaintext(members, options.auth, this.#usesTls);
    }
    this.#credentials = makeCredentials(this.#tls, options.connectTimeoutMs);
    this.#plaintext = makeCredentials(undefined, options.connectTimeoutMs);
  }

  /** At least one. Before SRV records were found, one that cannot be dialled. */
  get members(): readonly MemberAddress[] {
    return this.#members;
  }

  /** Whether it is certain that the client does or does not speak TLS: without `tls` and `auth`, SRV records decide it. */
  get isTlsDecided(): boolean {
    return this.#isDecided;
  }

  /** Whether the client speaks TLS. Only SRV records can change it, and only to true. */
  get usesTls(): boolean {
    return this.#usesTls;
  }

  /** Whether every member must prove `tls.serverName`, or the domain of the SRV records. */
  get verifiesServerName(): boolean {
    return this.#tls?.serverName !== undefined && !this.#tls.dangerouslySkipVerification;
  }

  /** @param record Counts the connections to it. Default: nothing does. */
  readonly newMember = (address: MemberAddress, record?: ConnectionRecord): Member => {
    const options = makeChannelOptions({ ...this.#options, tls: this.#tls });
    const { authority } = address;
    const withAuthority =
      authority === undefined ? options : { 'grpc.default_authority': authority, ...options };
    const credentials = (this.#usesTls ? this.#credentials : this.#plaintext)(address);
    return new Member(address, credentials, withAuthority, this.#options.connectTimeoutMs, record);
  };

  /**
   * Checks an endpoint that is not in the options, to which the client would connect with its TLS settings and credentials.
   * Before SRV records have decided on TLS, it checks the form alone.
   * @throws {InvalidInputError} for a malformed endpoint, for one whose scheme contradicts the client's, and for one to
   *   which the client's credentials must not be sent in plaintext.
   */
  addressOf(endpoint: string): MemberAddress {
    const { members, tls } = parseEndpoints([endpoint]);
    if (!this.#isDecided) return members[0] as MemberAddress;
    if (tls !== undefined && tls !== this.#usesTls)
      throw new InvalidInputError(
        `endpoint '${endpoint}' ${tls ? 'uses TLS, and this client does not' : 'does not use TLS, and this client does'}`,
      );
    checkPlaintext(members, this.#options.auth, this.#usesTls);
    return members[0] as MemberAddress;
  }

  /** Finds the members by SRV records. @throws {Error} if there are none; then nothing has changed. */
  async discover(lookups: Lookups): Promise<void> {
    const { discovery } = this;
    if (!discovery) return;
    const { endpoints, tls } = await findBySrv(lookups, discovery, this.#plaintextRefusal(discovery));
    this.#members = parseEndpoints(endpoints).members;
    this.#usesTls = tls;
    this.#isDecided = true;
  }

  /** Why records for plaintext must not be used; undefined if they may be. */
  #plaintextRefusal({ insecure }: DiscoveryOptions): string | undefined {
    if (!this.#usesTls) return undefined;
    if (insecure !== true) return 'discovery.insecure is not set';
    if (this.#options.tls !== undefined) return 'tls is set';
    return requiresSecretsLocal(this.#options.auth, false)
      ? 'auth would send a password or token in plaintext, and auth.allowPlaintext is not set'
      : 'earlier records were for TLS';
  }
}

type Source =
  | { readonly endpoints: readonly string[]; readonly discovery: undefined }
  | { readonly endpoints: undefined; readonly discovery: DiscoveryOptions };

function checkedSource({ endpoints, discovery }: TransportOptions): Source {
  if (endpoints !== undefined && discovery !== undefined)
    throw new InvalidInputError('endpoints and discovery exclude each other: remove one of them');
  if (discovery !== undefined) return { endpoints: undefined, discovery: checkedDiscovery(discovery) };
  // parseEndpoints describes what is missing.
  return { endpoints: endpoints as readonly string[], discovery: undefined };
}

/** Without `insecure`, DNS is not trusted: every member has to prove the domain, or the name in the options. */
function discoveryTls({ srv, insecure }: DiscoveryOptions, tls: TlsOptions | undefined): TlsOptions {
  return insecure === true ? (tls ?? {}) : { serverName: srv, ...tls };
}

/** Stands for the members until they are found. */
function unknownMember(discovery: DiscoveryOptions, failure: () => string | undefined): MemberAddress {
  const { tls } = srvNames(discovery);
  return {
    endpoint: tls,
    address: tls,
    target: `dns:${tls}`,
    socket: { host: tls, port: 0 },
    host: discovery.srv,
    unresolved: () => failure() ?? 'DNS did not answer yet',
  };
}
