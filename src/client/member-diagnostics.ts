import type { Clock } from '../async/index.js';
import { type ClientDiagnostics, type MemberDiagnostics, memberTopic } from '../diagnostics/index.js';
import type { EtcdError } from '../errors/index.js';
import type { MemberEvent } from '../wire/index.js';

/** A change of a member or of the list, or a failure to read the list or to resolve a name. */
export type MemberStatus =
  | MemberEvent
  | { readonly type: 'sync-failed' | 'resolution-failed'; readonly error: EtcdError };

/** A member may fail in two ways in turn, many times a second. */
const minFailureIntervalMs = 5_000;

/** Publishes what happens to the members of a client. */
export class MemberReporter {
  readonly #clock: Clock;
  readonly #diagnostics: ClientDiagnostics;
  /** The failure of each unhealthy member that was published last, by its endpoint. */
  readonly #failures = new Map<string, { readonly failure: string; readonly at: number }>();

  constructor(clock: Clock, diagnostics: ClientDiagnostics) {
    this.#clock = clock;
    this.#diagnostics = diagnostics;
  }

  report(status: MemberStatus): void {
    if (status.type === 'member-recovered') this.#failures.delete(status.endpoint);
    if (status.type === 'members-changed') this.#forgetAllBut(status.endpoints);
    if (!this.#diagnostics.wants(memberTopic)) return;
    if (status.type === 'member-unhealthy' && !this.#isNews(status.endpoint, status.failure)) return;
    this.#diagnostics.publish(memberTopic, asDiagnostics(status));
  }

  /** Whether the failure of a member is to be published: the first one, and later another one after a pause. */
  #isNews(endpoint: string, failure: string): boolean {
    const now = this.#clock.now();
    const last = this.#failures.get(endpoint);
    if (last && (last.failure === failure || now - last.at < minFailureIntervalMs)) return false;
    this.#failures.set(endpoint, { failure, at: now });
    return true;
  }

  #forgetAllBut(endpoints: readonly string[]): void {
    for (const endpoint of this.#failures.keys())
      if (!endpoints.includes(endpoint)) this.#failures.delete(endpoint);
  }
}

function asDiagnostics(status: MemberStatus): MemberDiagnostics {
  switch (status.type) {
    case 'member-unhealthy': {
      const { endpoint, failure, error } = status;
      return { type: 'unhealthy', endpoint, failure, error };
    }
    case 'member-recovered':
      return { type: 'recovered', endpoint: status.endpoint };
    case 'members-changed':
      return { type: 'list-changed', endpoints: status.endpoints };
    case 'sync-failed':
    case 'resolution-failed':
      return status;
  }
}
