import type { Clock } from '../../../async/index.js';
import { type ClosedError, type EtcdError, PermissionDeniedError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { RecordFormat } from '../../codec/record-format.js';
import type { EndpointRecord } from '../../endpoint.js';
import type { Observation } from '../loss/loss-protection.js';
import {
  type MirrorState,
  type PrefixEvent,
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
  /** Whether the prefix may not be read since the last update. */
  isDenied: boolean;
}

/**
 * Keeps a mirror for each key prefix of a service, as if they were one. The records are known when every prefix has been
 * read. A prefix that fails later keeps its last records. One that may no longer be read does not count when losses are
 * verified, until it is listed again: the endpoints that others lose would stay in the view until then.
 */
export class UnionMirror {
  readonly #ports: UnionMirrorPorts;
  readonly #parts: readonly Part[];
  readonly #state: UnionState;
  readonly #permitted: UnionState;
  #invalid: ReadonlySet<string> = new Set();
  /** Whether the records of all prefixes were reported. */
  #wasComplete = false;

  constructor(ports: UnionMirrorPorts) {
    this.#ports = ports;
    this.#parts = ports.formats.map((format) => this.#createPart(format));
    this.#state = new UnionState(ports.clock, () => this.#parts);
    this.#permitted = new UnionState(ports.clock, () => this.#parts.filter(({ isDenied }) => !isDenied));
  }

  /** The state of all mirrors; undefined until each prefix has one. */
  get current(): MirrorState | undefined {
    return this.#state.current;
  }

  /** The mirrors that a read verifies, those of the prefixes that may be read; undefined while there are none. */
  get verifiable(): MirrorState | undefined {
    return this.#permitted.current;
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
        if (error instanceof PermissionDeniedError) part.isDenied = true;
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
      isDenied: false,
      staleSince: undefined,
    };
    return part;
  }

  #onUpdate(
    part: Part,
    event: PrefixEvent,
    observation: Observation,
    records: ReadonlyMap<string, EndpointRecord>,
  ): void {
    const { invalid, revision } = event;
    if (invalid !== part.invalid) {
      part.invalid = invalid;
      this.#invalid = new Set(this.#parts.flatMap((one) => [...one.invalid]));
    }
    Object.assign(part, { records, revision, failure: undefined, isDenied: false, staleSince: undefined });
    if (this.#parts.some((one) => one.records === undefined)) this.#ports.onIncomplete(this.#failure);
    else
      this.#report(
        event.type === 'delta' ? event : this.#listOf(event),
        this.#observationOf(part, observation),
      );
  }

  /** A list of one prefix, such as the last of the first ones, makes the records of all of them count. */
  #listOf(event: PrefixEvent & { type: 'snapshot' }): PrefixEvent {
    return { ...event, endpoints: new Map(this.#parts.flatMap(({ records }) => [...(records ?? [])])) };
  }

  #report(event: PrefixEvent, observation: Observation): void {
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
   * interrupted may not have arrived. So each loss is protected, as after a silence, except in the first lists, which are
   * reported together.
   */
  #observationOf(part: Part, observation: Observation): Observation {
    const isFirst = !this.#wasComplete;
    this.#wasComplete = true;
    if (isFirst) return observation;
    // The records of a prefix that may not be read would not arrive later either.
    const isSteady = (one: Part) => one.isDenied || (one.staleSince === undefined && one.mirror.isSteady);
    const isLive = observation === 'live' && this.#parts.every((one) => one === part || isSteady(one));
    return isLive ? 'live' : 'after-silence';
  }

  get #failure(): EtcdError | undefined {
    return this.#parts.find(({ failure }) => failure)?.failure;
  }
}
