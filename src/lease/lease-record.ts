import { type ClientDiagnostics, leaseTopic } from '../diagnostics/index.js';
import type { EtcdError } from '../errors/index.js';
import type { LeaseId } from '../model/index.js';
import type { LeaseEnd } from './core/index.js';

/** Counts and publishes the leases that a client keeps alive. */
export class LeaseRecord {
  readonly #diagnostics: ClientDiagnostics;

  constructor(diagnostics: ClientDiagnostics) {
    this.#diagnostics = diagnostics;
  }

  held(lease: LeaseId, ttlSeconds: number): void {
    const diagnostics = this.#diagnostics;
    if (diagnostics.wants(leaseTopic)) diagnostics.publish(leaseTopic, { type: 'held', lease, ttlSeconds });
  }

  ended(lease: LeaseId, { reason, cause: error, unacknowledgedMs }: LeaseEnd): void {
    const diagnostics = this.#diagnostics;
    diagnostics.counters.leasesEnded[reason]++;
    if (!diagnostics.wants(leaseTopic)) return;
    const details = unacknowledgedMs === undefined ? { error } : { error, unacknowledgedMs };
    diagnostics.publish(leaseTopic, { type: 'ended', lease, reason, ...details });
  }

  /** @param held The number of leases that are kept alive. */
  streamLost(held: number, error: EtcdError): void {
    const diagnostics = this.#diagnostics;
    if (diagnostics.wants(leaseTopic)) diagnostics.publish(leaseTopic, { type: 'stream-lost', held, error });
  }
}
