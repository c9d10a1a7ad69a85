import type { Mirror, MirrorOptions, MirrorUpdate, ResyncReason, Revision } from '../../../index.js';
import { type Clock, freshnessOption, retainOption, retryLoop } from '../../../internal.js';
import type { Catalog, CatalogListener, CatalogSnapshot } from '../ports.js';
import type {
  DeltaMessage,
  EndpointRow,
  StatusMessage,
  TimelineEntry,
  TimelineEvent,
  TimelineReply,
  TimelineRequest,
} from '../protocol/index.js';
import { type Advancing, CatchUp } from './catch-up.js';
import type { Change, DepartedRow } from './change.js';
import type { Classify } from './content.js';
import { type DepartureContext, Departures, type DeparturesPorts } from './departures.js';
import { Health } from './health.js';
import { Probe, type ProbePorts } from './probe.js';
import { CatalogState } from './state.js';
import { Timeline } from './timeline.js';

/** A mirror that ended is started again: the cause, such as a missing permission, may be fixed meanwhile. */
const restartBackoff = { baseMs: 500, maxMs: 10_000 };

export interface CatalogPorts {
  /** Creates a mirror of all records. */
  readonly mirror: (options: MirrorOptions) => FollowedMirror;
  /** A small linearizable read. Resolves with the revision of the store. */
  readonly read: (options: Parameters<ProbePorts['read']>[0]) => Promise<{ readonly revision: Revision }>;
  readonly findReasons: DeparturesPorts['findReasons'];
  readonly classify: Classify;
  /** For durations and timers. */
  readonly clock: Clock;
  /** For the times of messages, in milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** The parts of a mirror that a catalog uses. */
export type FollowedMirror = AsyncIterable<MirrorUpdate> &
  Pick<Advancing, 'waitForRevision'> & {
    status(): Pick<ReturnType<Mirror['status']>, 'fresh' | 'revision'>;
  };

/** A catalog that follows etcd until it is closed. */
export class LiveCatalog implements Catalog {
  readonly #ports: CatalogPorts;
  readonly #state: CatalogState;
  readonly #timeline = new Timeline();
  readonly #departures: Departures;
  readonly #health: Health;
  readonly #probe: Probe;
  readonly #catchUp: CatchUp;
  #mirror: FollowedMirror | undefined;
  readonly #listeners = new Set<CatalogListener>();
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;

  constructor(ports: CatalogPorts) {
    this.#ports = ports;
    const { classify, clock, wallClock, findReasons } = ports;
    this.#state = new CatalogState(classify);
    this.#departures = new Departures({
      timeline: this.#timeline,
      findReasons,
      onEntries: (entries) => this.#publishEntries(entries),
    });
    this.#health = new Health({
      clock,
      wallClock,
      onChange: () => this.#notify((listener) => listener.onStatus()),
      onEvent: (event, at) => this.#publishEntries([this.#addEntry(event, at)]),
    });
    this.#catchUp = new CatchUp(clock);
    this.#probe = new Probe({
      clock,
      read: (options) => this.#confirm(options),
      onAnswer: (sentAt) => this.#health.setAnswered(sentAt),
      onFailure: (error, sentAt) => this.#health.setFailed('probe', error, sentAt),
    });
    this.#ended = this.#run(this.#closing.signal);
  }

  /** The iterables are copies: later changes do not affect them. */
  snapshot(): CatalogSnapshot | undefined {
    const { revision, size } = this.#state;
    if (revision === undefined) return undefined;
    return { revision: String(revision), rows: this.#state.rows(), size, queues: this.#state.queues() };
  }

  row(key: string): EndpointRow | undefined {
    return this.#state.row(key);
  }

  status(): StatusMessage {
    const { omitted } = this.#state;
    return { ...this.#health.status(), omitted: omitted === 0 ? undefined : omitted };
  }

  timeline(request: TimelineRequest): TimelineReply {
    return this.#timeline.read(request);
  }

  listen(listener: CatalogListener): () => void {
    this.#listeners.add(listener);
    this.#probe.setActive(true);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#probe.setActive(false);
    };
  }

  /** Ends the mirror and all look-ups. The last state stays readable. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#probe.stop();
    this.#health.stop();
    this.#departures.close();
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#probe.readNow();
    await retryLoop(
      this.#ports.clock,
      signal,
      restartBackoff,
      () => this.#follow(signal),
      (error) => this.#health.setFailed('mirror', error),
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { mirror: create, classify } = this.#ports;
    const options: MirrorOptions = {
      signal,
      eachRevision: true,
      onFailure: (error) => this.#health.setFailed('mirror', error),
    };
    const onFreshness = () => this.#setFresh(mirror.status().fresh);
    const mirror = create(freshnessOption.set(retainOption.set(options, classify), onFreshness));
    this.#mirror = mirror;
    try {
      for await (const update of mirror) this.#apply(update);
    } finally {
      this.#health.setFresh(false);
    }
  }

  /** Reads the revision of the store, and waits until the view has it. */
  async #confirm(options: Parameters<ProbePorts['read']>[0]): Promise<void> {
    const { revision } = await this.#ports.read(options);
    if (this.#mirror?.status().fresh) await this.#catchUp.untilAt(this.#mirror, revision, options);
  }

  #setFresh(isFresh: boolean): void {
    this.#health.setFresh(isFresh);
    if (isFresh) this.#probe.readNow();
  }

  #apply(update: MirrorUpdate): void {
    const { revision: before, omitted } = this.#state;
    const change = this.#state.apply(update, this.#ports.wallClock());
    if (before === undefined) this.#notify((listener) => listener.onReplaced());
    else if (update.type === 'snapshot') this.#publishList(change, resyncOf(update, before));
    else this.#publishDelta(change);
    if (update.type === 'snapshot') this.#health.setListed();
    if (this.#state.omitted !== omitted) this.#notify((listener) => listener.onStatus());
  }

  #publishDelta(change: Change): void {
    const { puts, removed, queues, removedQueues } = change;
    const isEmpty = puts.size + removed.size + queues.length + removedQueues.length === 0;
    if (isEmpty) return; // the keys of other programs
    const entries = this.#entriesOf(change, { storeReplaced: false, isSameStore: true });
    const rows = { puts: [...puts.values()], removed: [...removed] };
    this.#publish({ revision: String(change.revision), ...rows, queues, removedQueues, entries });
  }

  #publishList(change: Change, { reason, isRestart }: Resync): void {
    const revision = String(change.revision);
    const resync = this.#addEntry({ type: 'resync', reason, revision });
    const isSameStore = !isRestart || change.isContinuous;
    const entries = this.#entriesOf(change, { storeReplaced: reason === 'rolled-back', isSameStore });
    this.#publishEntries([resync, ...entries]);
    this.#notify((listener) => listener.onReplaced());
  }

  #entriesOf(
    { revision, departed, puts, events }: Change,
    store: Pick<DepartureContext, 'storeReplaced' | 'isSameStore'>,
  ): readonly TimelineEntry[] {
    const at = this.#ports.wallClock();
    const gone = store.storeReplaced ? withoutReturned(departed, puts) : departed;
    const left = this.#departures.add(gone, { at, revision: String(revision), ...store });
    return [...left, ...events.map(({ service, event }) => this.#timeline.add(at, service, event))];
  }

  /** Adds an entry that concerns all services. */
  #addEntry(what: TimelineEvent, at = this.#ports.wallClock()): TimelineEntry {
    return this.#timeline.add(at, undefined, what);
  }

  #publishEntries(entries: readonly TimelineEntry[]): void {
    const nothing = { puts: [], removed: [], queues: [], removedQueues: [] };
    if (entries.length > 0)
      this.#publish({ revision: String(this.#state.revision ?? 0n), ...nothing, entries });
  }

  #publish(delta: Omit<DeltaMessage, 'type'>): void {
    this.#notify((listener) => listener.onDelta({ type: 'delta', ...delta }));
  }

  #notify(call: (listener: CatalogListener) => void): void {
    for (const listener of this.#listeners) call(listener);
  }
}

/** The records of a replaced store whose endpoints registered again before it was listed: they did not leave. */
function withoutReturned(
  departed: readonly DepartedRow[],
  puts: ReadonlyMap<string, EndpointRow>,
): readonly DepartedRow[] {
  const nameOf = ({ service, addr }: EndpointRow) => JSON.stringify([service, addr]);
  const names = new Set(Array.from(puts.values(), nameOf));
  return departed.filter(({ stored: { row } }) => !puts.has(row.key) && !names.has(nameOf(row)));
}

interface Resync {
  readonly reason: Exclude<ResyncReason, 'initial'>;
  /** Whether another mirror started, which does not know the store of the one before. */
  readonly isRestart: boolean;
}

function resyncOf(
  { reason, revision }: Extract<MirrorUpdate, { readonly type: 'snapshot' }>,
  before: Revision,
): Resync {
  if (reason !== 'initial') return { reason, isRestart: false };
  return { reason: revision < before ? 'rolled-back' : 'gap', isRestart: true };
}
