import { type Clock, raceAbort } from '../../async/index.js';
import type { ClientDiagnostics } from '../../diagnostics/index.js';
import type { EtcdError } from '../../errors/index.js';
import type { RunningCall } from '../call/call.js';
import { CallMetadata } from '../call/metadata.js';
import type { MemberChecks } from '../member/checks.js';
import type { Member } from '../member/member.js';
import type { MemberPool } from '../member/pool.js';
import type { StoreIdentity } from '../member/store-identity.js';
import type { AuthOptions } from './auth.js';
import { authenticate } from './authenticate.js';
import { StaleTokenCheck } from './stale-token.js';
import { TokenSource } from './token.js';
import { tokenFetcher } from './token-fetcher.js';
import { TokenRecord } from './token-record.js';

/** What a client's token needs from its owner. */
export interface ClientTokenPorts {
  readonly pool: MemberPool;
  readonly store: StoreIdentity;
  readonly checks: MemberChecks;
  readonly clock: Clock;
  readonly random: () => number;
  readonly diagnostics: ClientDiagnostics;
  /** The calls in progress. */
  readonly running: Set<RunningCall>;
  readonly maxReceiveBytes: number;
  /** The client's default time limit of a call, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
  /** See StreamRegistry. */
  readonly streams: {
    overdueMembers(ms: number): readonly Member[] | undefined;
    endStale(generation: number): void;
  };
}

/** The token of a client. It is sent with each request, renewed in time, and replaced if it belongs to another store. */
export class ClientToken {
  readonly #ports: ClientTokenPorts;
  /** Undefined without credentials. */
  readonly source: TokenSource | undefined;
  readonly #staleCheck: StaleTokenCheck | undefined;
  #metadata = new CallMetadata(undefined);

  constructor(auth: AuthOptions | undefined, ports: ClientTokenPorts) {
    this.#ports = ports;
    if (!auth) return;
    const source = this.#createSource(auth);
    this.source = source;
    this.#staleCheck = this.#createStaleCheck(source, !('tokenProvider' in auth));
  }

  /** The metadata with the present token. */
  get metadata(): CallMetadata {
    return this.#metadata;
  }

  /** The number of tokens that this client has used; 0 before the first, and always 0 without credentials. */
  get generation(): number {
    return this.source?.generation ?? 0;
  }

  /**
   * Fetches a token newer than that of generation `used`. Concurrent callers share one request.
   * @throws `cause` if the client has no credentials, or if etcd refused the token for its old auth revision and the
   *   provider has no other; otherwise the error of the request.
   */
  async refresh(used: number, cause: EtcdError): Promise<void> {
    if (!this.source) throw cause;
    await this.source.refresh(used, { cause });
    // The provider has no other token, and etcd would refuse this one again: the caller must wait for a new one.
    if (this.source.isUnchanged && cause.reason === 'AuthOldRevision') throw cause;
  }

  /** Waits for the first token; later ones are renewed in the background. */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.source?.generation === 0) await raceAbort(this.source.refresh(0), signal);
    this.source?.renewIfDue();
  }

  /** Called when a request is sent. */
  onSend(): void {
    this.#staleCheck?.onSend();
  }

  /** Checks the token on a member that leaves requests unanswered. */
  suspect(endpoint: string): void {
    const health = this.#ports.pool.members.find(({ member }) => member.endpoint === endpoint);
    if (health) this.#staleCheck?.suspect(health.member);
  }

  #createSource(auth: AuthOptions): TokenSource {
    const { checks, clock, random, diagnostics, timeoutMs } = this.#ports;
    const isResponsive = (member: Member) => checks.answersWithoutToken(member);
    const ports = { ...this.#ports, connectTimeoutMs: timeoutMs, isResponsive };
    const fetch = tokenFetcher(auth, {
      authenticate: (name, password) => authenticate(ports, name, password),
      timeoutMs,
    });
    const source = new TokenSource(fetch, { clock, random, record: new TokenRecord(diagnostics) });
    source.onChange((generation) => {
      this.#metadata = new CallMetadata(source.token, generation);
    });
    return source;
  }

  #createStaleCheck(token: TokenSource, issuedOnFetch: boolean): StaleTokenCheck {
    const { checks, clock, random } = this.#ports;
    return new StaleTokenCheck({
      clock,
      random,
      token,
      issuedOnFetch,
      overdueMembers: (ms) => this.#overdue(clock.now(), ms),
      answersWithToken: (member, ms) => checks.answersWithToken(member, ms),
      hasQuorum: (member, ms) => checks.hasQuorum(member, ms),
      onStale: (member, generation, proven) => this.#dropStale(member, generation, proven),
    });
  }

  /**
   * Ends calls that wait with a token of another store, so that they are sent again with the new one. The proof covers
   * one member: if the endpoints name two stores, another member may still belong to the old one.
   */
  #dropStale(member: Member, generation: number, proven: boolean): void {
    const { running, streams } = this.#ports;
    for (const call of [...running]) {
      const { tokenUse } = call;
      if (!tokenUse || tokenUse.generation > generation) continue;
      // With proof, the call was not applied, as etcd itself would answer later. Without proof, a write keeps waiting.
      if (proven && tokenUse.member === member) call.failWithInvalidToken();
      else if (tokenUse.idempotency !== 'write') call.cancel('its token seems to belong to another store');
    }
    streams.endStale(generation);
  }

  /** See StaleTokenPorts. */
  #overdue(now: number, ms: number): readonly Member[] | undefined {
    const { pool, streams } = this.#ports;
    const onStreams = streams.overdueMembers(ms);
    const members = new Set(onStreams);
    let anyUnanswered = onStreams !== undefined;
    for (const health of pool.members) {
      const unanswered = health.unansweredMs(now);
      if (unanswered === undefined) continue;
      anyUnanswered = true;
      if (unanswered >= ms) members.add(health.member);
    }
    return anyUnanswered ? [...members] : undefined;
  }
}
