import type { Clock } from '../../../async/index.js';
import type { ClosedError, EtcdError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { RecordFormat } from '../../codec/record-format.js';
import type { EndpointRecord } from '../../endpoint.js';
import type { EndpointEvent } from '../../endpoint-set.js';
import type { Observation } from '../loss/loss-protection.js';
import {
  type MirrorState,
  type ServiceEvent,
  ServiceMirror,
  type ServiceMirrorPorts,
} from '../service-mirror.js';
import { type PartState, UnionState } from './union-state.js';

export interface UnionMirrorPorts extends Omit<ServiceMirrorPorts, 'format' | 'onUpdate' | 'onEnd'> {
  readonly clock: Clock;
  /** Each has a prefix of its own. */
  readonly formats: readonly RecordFormat[];
  readonly onUpdate: (
    event: ServiceEvent,
    observation: Observation,
    records: { readonly size: number },
  ) => void;
  /** A prefix was read, while others were not yet read. Called with the last failure of those. */
  readonly onIncomplete: (failure: EtcdError | undefined) => void;
  readonly onClientClosed: (error: ClosedError) => void;
}

/** The mirror of one prefix, and what is known from it. */
interface Part extends PartState {
  readonly mirror: ServiceMirror;
  /** The records of the last update; undefined before the first one. A later mirror of the prefix has others. */
  records: ReadonlyMap<string, EndpointRecord> | undefined;
  invalid: ReadonlySet<string>;
  revision: Revision;
  /** The failure since the last update. */
  failure: EtcdError | undefined;
}

/**
 * Keeps a mirror for each key prefix of a service, as if they were one. The records are known when every prefix has been
 * read. A prefix that fails later keeps its last records.
 */
export class UnionMirror {
  readonly #ports: UnionMirrorPorts;
  readonly #parts: readonly Part[];
  readonly #state: UnionState;
  #invalid: ReadonlySet<string> = new Set();

  constructor(ports: UnionMirrorPorts) {
    this.#ports = ports;
    this.#parts = ports.formats.map((format) => this.#createPart(format));
    this.#state = new UnionState(ports.clock, this.#parts);
  }

  /** The state of all mirrors; undefined until each prefix has one. */
  get current(): MirrorState | undefined {
    return this.#state.current;
  }

  /** Follows the records until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#parts.map(({ mirror }) => mirror.run(signal)));
  }

  #createPart(format: RecordFormat): Part {
    const mirror = new ServiceMirror({
      ...this.#ports,
      format,
      onUpdate: (event, observation, records) => this.#onUpdate(part, event, observation, records),
      onFailure: (error) => {
        part.failure = error;
        this.#ports.onFailure(error);
      },
      onEnd: () => this.#state.onEnd(part),
    });
    const part: Part = {
      mirror,
      records: undefined,
      invalid: new Set(),
      revision: 0n,
      failure: undefined,
      staleSince: undefined,
    };
    return part;
  }

  #onUpdate(
    part: Part,
    event: EndpointEvent,
    observation: Observation,
    records: ReadonlyMap<string, EndpointRecord>,
  ): void {
    const { invalid, revision } = event;
    if (invalid !== part.invalid) {
      part.invalid = invalid;
      this.#invalid = new Set(this.#parts.flatMap((one) => [...one.invalid]));
    }
    Object.assign(part, { records, revision, failure: undefined, staleSince: undefined });
    if (this.#parts.some((one) => one.records === undefined)) this.#ports.onIncomplete(this.#failure);
    else if (event.type === 'delta') this.#report(event, this.#observationOf(part, observation));
    else this.#reportList(event, observation);
  }

  /**
   * A list of one prefix, such as the last of the first ones, makes the records of all of them count. When the store was
   * replaced, each loss of the prefix is protected, as after a silence: the lists of the others are still to come, so
   * its share of all losses is not known.
   */
  #reportList(event: EndpointEvent & { type: 'snapshot' }, observation: Observation): void {
    const endpoints = new Map(this.#parts.flatMap(({ records }) => [...(records ?? [])]));
    const isReplaced = event.reason === 'rolled-back';
    this.#report({ ...event, endpoints }, isReplaced ? 'after-silence' : observation);
  }

  #report(event: EndpointEvent, observation: Observation): void {
    const size = this.#parts.reduce((sum, { records }) => sum + (records?.size ?? 0), 0);
    const revisions = this.#parts.map(({ revision }) => revision);
    const ofAll = {
      revision: revisions.reduce((a, b) => (a > b ? a : b)),
      oldestRevision: revisions.reduce((a, b) => (a < b ? a : b)),
      invalid: this.#invalid,
      failure: this.#failure,
    };
    this.#ports.onUpdate({ ...event, ...ofAll }, observation, { size });
  }

  /**
   * A server may be stored under two prefixes, or move from one to the other: its record under a prefix whose watch was
   * interrupted may not have arrived.
   */
  #observationOf(part: Part, observation: Observation): Observation {
    if (observation !== 'live') return observation;
    const isSteady = (one: Part) => one.staleSince === undefined && one.mirror.isSteady;
    return this.#parts.every((one) => one === part || isSteady(one)) ? 'live' : 'after-reconnect';
  }

  get #failure(): EtcdError | undefined {
    return this.#parts.find(({ failure }) => failure)?.failure;
  }
}
