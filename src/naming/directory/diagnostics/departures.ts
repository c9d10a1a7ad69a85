import { Broadcast } from '../../../async/index.js';
import {
  type ClientDiagnostics,
  type DepartureReason,
  directoryTopic,
  serverName,
} from '../../../diagnostics/index.js';
import type { EtcdError } from '../../../errors/index.js';
import { type Revision, withJson } from '../../../model/index.js';
import type { EndpointRecord } from '../../endpoint.js';
import type { NamingClient } from '../../ports.js';
import type { ServiceIdentity } from '../../shown-service.js';
import { type DepartureCircumstances, reasonByLease, reasonWithoutLease } from './departure-reason.js';
import { leaseLookupsOf } from './lease-lookups.js';

/** An endpoint that left the view of a service. */
export interface Departure {
  /** The service name. */
  readonly target: string;
  /** The last record of the endpoint. */
  readonly record: EndpointRecord;
  /** Why it left, as far as it can be known. */
  readonly reason: DepartureReason;
  /** The revision of the first view without it. */
  readonly revision: Revision;
}

/** An endpoint that left a view, with what is known before its lease is looked up. */
export interface Departed extends DepartureCircumstances {
  readonly record: EndpointRecord;
}

/** Finds out why endpoints departed, and reports it to the subscribers of a directory and on `etcd-naming:directory`. */
export class Departures {
  readonly #client: NamingClient;
  readonly #diagnostics: ClientDiagnostics;
  readonly #subscribers = new Broadcast<Departure>();

  constructor(client: NamingClient, diagnostics: ClientDiagnostics) {
    this.#client = client;
    this.#diagnostics = diagnostics;
  }

  /**
   * Calls back with each departure, of any service, and at the end of the directory, with the error if its owner did not
   * close it. The returned function ends that.
   */
  listen(onDeparture: (departure: Departure) => void, onEnd: (error?: EtcdError) => void): () => void {
    return this.#subscribers.listen(onDeparture, (error) => onEnd(error as EtcdError | undefined));
  }

  /** Ends the listeners. */
  end(error: EtcdError | undefined): void {
    this.#subscribers.end(error);
  }

  /**
   * Reports what left one view, in order: what depends on no lease immediately, the others when their leases have been
   * looked up. While nothing wants the reasons, no lease is looked up, and the reason of those is `unknown`.
   * @param onReason called with each reason.
   */
  report(
    from: {
      readonly target: string;
      readonly identity: ServiceIdentity;
      readonly revision: Revision;
      readonly signal: AbortSignal;
    },
    departed: readonly Departed[],
    onReason: (reason: DepartureReason) => void,
  ): void {
    const wanted = this.#isWanted;
    const undecided: EndpointRecord[] = [];
    const settle = (record: EndpointRecord, reason: DepartureReason) => {
      onReason(reason);
      const { target, revision, identity } = from;
      if (wanted) this.#publish(withJson({ target, record, reason, revision }), identity);
    };
    for (const { record, ...circumstances } of departed) {
      const reason = reasonWithoutLease(record, circumstances) ?? (wanted ? undefined : 'unknown');
      if (reason) settle(record, reason);
      else undecided.push(record);
    }
    if (undecided.length > 0) void this.#lookUp(undecided, from.signal, settle);
  }

  get #isWanted(): boolean {
    if (this.#subscribers.size > 0 || this.#diagnostics.wants(directoryTopic)) return true;
    return this.#diagnostics.areMetricsRead;
  }

  async #lookUp(
    records: readonly EndpointRecord[],
    signal: AbortSignal,
    settle: (record: EndpointRecord, reason: DepartureReason) => void,
  ): Promise<void> {
    const leases = records.map(({ lease }) => lease);
    const fateOf = leaseLookupsOf(this.#client).lookUp(this.#client, leases, signal);
    for (const record of records) {
      const fate = await fateOf(record.lease);
      if (signal.aborted || this.#client.closed) return;
      settle(record, reasonByLease(fate));
    }
  }

  #publish(departure: Departure, identity: ServiceIdentity): void {
    this.#subscribers.publish(departure);
    if (!this.#diagnostics.wants(directoryTopic)) return;
    const { record, reason, revision } = departure;
    const { addr, lease } = record;
    this.#diagnostics.publish(directoryTopic, {
      type: 'departed',
      ...identity,
      key: serverName(this.#client, record.key),
      addr,
      lease,
      reason,
      revision,
    });
  }
}
