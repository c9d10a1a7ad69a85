import { type Clock, ProcessRef, retryLoop } from '../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../errors/index.js';
import {
  freshnessOption,
  lastValuesOption,
  type MirrorOptions,
  type MirrorStatus,
  type MirrorUpdate,
  retainOption,
} from '../../mirror/index.js';
import type { Revision } from '../../model/index.js';
import type { RecordFormat } from '../codec/record-format.js';
import type { EndpointRecord } from '../endpoint.js';
import { type EndpointEvent, EndpointSet } from '../endpoint-set.js';
import type { MirrorHandle, NamingClient } from '../ports.js';
import { type LastRecords, lastRecordsOf } from './last-records.js';
import type { Observation } from './loss/loss-protection.js';
import type { SilenceDetector } from './loss/silence-detector.js';

/** The part of a mirror that shows how far its records can be trusted. */
export type MirrorState = Pick<MirrorHandle, 'status' | 'verify'>;

/** A change of the records with one key prefix. */
export type PrefixEvent = EndpointEvent & {
  /**
   * The last records of removed keys that changed after the event before, by key; undefined if there are none. So a server
   * that was drained and left at once is known to have been drained.
   */
  readonly last?: LastRecords | undefined;
};

/** A change of a service's records. The members beside those of the event are absent where there is one mirror. */
export type ServiceEvent = PrefixEvent & {
  /** The lowest revision of the mirrors; `revision` is the highest one. */
  readonly oldestRevision?: Revision;
  /** The failure of another mirror, whose last records are included. */
  readonly failure?: EtcdError | undefined;
};

const restartBackoff = { baseMs: 500, maxMs: 10_000 };

export interface ServiceMirrorPorts {
  readonly client: NamingClient;
  readonly format: RecordFormat;
  readonly clock: Clock;
  readonly silence: SilenceDetector;
  /** How long after a reconnect a change may have happened during the outage, in milliseconds. */
  readonly protectionMs: number;
  /** Whether an earlier view of the service is known. */
  readonly isKnown: () => boolean;
  /** `records`: all records after the change, by key. */
  readonly onUpdate: (
    event: PrefixEvent,
    observation: Observation,
    records: ReadonlyMap<string, EndpointRecord>,
  ) => void;
  readonly onFailure: (error: EtcdError) => void;
  /** The mirror became fresh, or stopped being it. */
  readonly onFreshness: () => void;
  /** The mirror ended; another one follows it. */
  readonly onEnd: () => void;
  readonly onClientClosed: (error: ClosedError) => void;
}

/** Keeps a mirror of the records with one key prefix: starts another one when it ends. */
export class ServiceMirror {
  readonly #ports: ServiceMirrorPorts;
  #current: MirrorHandle | undefined;
  /** Whether records were known before the present mirror, so that a change after its start may be a late one. */
  #wasKnown: boolean | undefined;

  constructor(ports: ServiceMirrorPorts) {
    this.#ports = ports;
  }

  /** The present mirror, or the one that ended last; undefined before the first one. */
  get current(): MirrorHandle | undefined {
    return this.#current;
  }

  /** The mirror that a read verifies. */
  get verifiable(): MirrorHandle | undefined {
    return this.#current;
  }

  /** Whether the watch is live, and was not interrupted so shortly before that changes may be late. */
  get isSteady(): boolean {
    const status = this.#current?.status();
    return status?.fresh === true && !this.#hasJustReconnected(status);
  }

  /** Follows the records until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, onFailure, onClientClosed } = this.#ports;
    const processRef = new ProcessRef();
    // Keeps the process alive during the pause before the mirror restarts, as the watch does otherwise.
    let release = () => {};
    const follow = async () => {
      release();
      if (client.closed) onClientClosed(new ClosedError('the etcd client'));
      else await this.#follow(signal);
    };
    // The cause, such as a missing permission, may be fixed while this process runs.
    await retryLoop(clock, signal, restartBackoff, follow, (error) => {
      release = processRef.keepProcessAlive();
      onFailure(toEtcdError(error));
    });
    processRef.close();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, format, clock, silence, isKnown, onUpdate, onFailure, onFreshness, onEnd } = this.#ports;
    const set = new EndpointSet(format);
    const startedAt = clock.now();
    const options: MirrorOptions = freshnessOption.set({ signal, onFailure }, onFreshness);
    let last: LastRecords | undefined;
    const withLastValues = lastValuesOption.set(options, (values) => {
      last = lastRecordsOf(format, values);
    });
    const { prefix } = format;
    const mirror = client.mirror({ prefix }, retainOption.set(withLastValues, format.retain));
    this.#current = mirror;
    this.#wasKnown = undefined;
    try {
      for await (const update of mirror) {
        if (signal.aborted) return;
        if (this.#wasKnown === undefined) silence.recordAnswer(startedAt); // the first update answers the list request
        this.#wasKnown ??= isKnown();
        this.#wasKnown ||= update.type === 'snapshot' && update.reason !== 'initial';
        const observation = this.#observationOf(update, mirror.status());
        const event: PrefixEvent = set.apply(update);
        onUpdate(last ? { ...event, last } : event, observation, set.records);
        last = undefined;
      }
    } finally {
      onEnd();
    }
  }

  #observationOf({ type }: MirrorUpdate, status: MirrorStatus): Observation {
    if (type === 'snapshot' || this.#hasJustReconnected(status)) return 'after-reconnect';
    return this.#ports.silence.wasRecentlySilent ? 'after-silence' : 'live';
  }

  /** Whether a change arrived so soon after a reconnect or a new listing that it may have happened during the outage. */
  #hasJustReconnected({ reconnects, forMs }: MirrorStatus): boolean {
    return (this.#wasKnown || reconnects > 0) && forMs < this.#ports.protectionMs;
  }
}
