import type { KeyValue, MirrorUpdate, Revision } from '../../../index.js';
import type { EndpointRow, Queue } from '../protocol/index.js';
import type { ClassifiedKeyValue, Classify, UnreadableContent } from './content.js';
import { Queues } from './queues.js';
import { type RowContent, type Seen, type StoredRow, storeRow } from './row.js';
import { type RowEvent, rowEvent } from './row-events.js';
import { ServiceIndex } from './service-index.js';

/** What is known of a key. */
type Known = KnownRow | KnownHidden | KnownMember | KnownOmitted;

interface KnownRow {
  readonly type: 'row';
  readonly stored: StoredRow;
}

/** A value that is not an endpoint, in a service without endpoints: its key may be that of another program. */
interface KnownHidden {
  readonly type: 'hidden';
  readonly kv: ClassifiedKeyValue;
  readonly content: UnreadableContent;
  readonly seen: Seen;
  /** Whether it had a row before, so that it leaves when its key does. */
  readonly wasShown: boolean;
}

interface KnownMember {
  readonly type: 'member';
  readonly kv: ClassifiedKeyValue;
  readonly queue: string;
}

/** A record that is counted alone. */
interface KnownOmitted {
  readonly type: 'omitted';
  readonly kv: ClassifiedKeyValue;
}

/** A record that left, and whether its key has another value that is not an endpoint. */
export interface DepartedRow {
  readonly stored: StoredRow;
  readonly invalid: boolean;
}

export interface ServiceEvent {
  readonly service: string;
  readonly event: RowEvent;
}

/** The effect of an update. */
export interface Change {
  readonly revision: Revision;
  readonly puts: ReadonlyMap<string, EndpointRow>;
  readonly removed: ReadonlySet<string>;
  readonly queues: readonly Queue[];
  readonly removedQueues: readonly string[];
  /** What left. Precedes the events: a record that moved to another key left its own before. */
  readonly departed: readonly DepartedRow[];
  readonly events: readonly ServiceEvent[];
  /** Whether the update continues what was known: false for a list in which nothing is as it was before. */
  readonly isContinuous: boolean;
}

/**
 * The records and queues below a prefix. Pure: performs no IO. The cost of a delta does not depend on the number of
 * records.
 */
export class CatalogState {
  readonly #known = new Map<string, Known>();
  readonly #queues = new Queues();
  readonly #services = new ServiceIndex();
  readonly #classify: Classify;
  #size = 0;
  #omitted = 0;
  #revision: Revision | undefined;

  constructor(classify: Classify) {
    this.#classify = classify;
  }

  /** The revision of the last update; undefined before the first. */
  get revision(): Revision | undefined {
    return this.#revision;
  }

  /** The number of rows. */
  get size(): number {
    return this.#size;
  }

  /** The number of endpoints and members of queues whose keys are too long. */
  get omitted(): number {
    return this.#omitted;
  }

  rows(): EndpointRow[] {
    const rows: EndpointRow[] = [];
    for (const known of this.#known.values()) if (known.type === 'row') rows.push(known.stored.row);
    return rows;
  }

  row(key: string): EndpointRow | undefined {
    const known = this.#known.get(key);
    return known?.type === 'row' ? known.stored.row : undefined;
  }

  queues(): Queue[] {
    return this.#queues.all();
  }

  /** @param now The wall clock. */
  apply(update: MirrorUpdate, now: number): Change {
    const isFirst = this.#revision === undefined;
    this.#revision = update.revision;
    // What a list has is as it became at an unknown time before.
    const seen = { firstSeen: now, preexisting: update.type === 'snapshot' };
    const step = new Step(update.revision, seen, isFirst);
    if (update.type === 'delta') this.#applyKeys(step, update.deletes, update.puts);
    else this.#applyList(step, update.kvs);
    return step.finish(this.#queues);
  }

  #applyList(step: Step, kvs: ReadonlyMap<string, KeyValue>): void {
    const gone = [...this.#known.keys()].filter((key) => !kvs.has(key));
    const puts = new Map([...kvs].filter(([key, kv]) => !this.#isSame(key, kv)));
    step.isContinuous = puts.size < kvs.size;
    this.#applyKeys(step, gone, puts);
  }

  #isSame(key: string, kv: KeyValue): boolean {
    const known = this.#known.get(key);
    return known !== undefined && kvOf(known).isSameAs(this.#classify(kv));
  }

  #applyKeys(step: Step, deletes: Iterable<string>, puts: ReadonlyMap<string, KeyValue>): void {
    for (const key of deletes) this.#remove(step, key, false);
    for (const [key, kv] of puts) this.#put(step, key, this.#classify(kv));
  }

  #put(step: Step, key: string, kv: ClassifiedKeyValue): void {
    const { content } = kv;
    switch (content.kind) {
      case 'member':
        if (this.#known.get(key)?.type !== 'member') this.#remove(step, key, true);
        this.#known.set(key, { type: 'member', kv, queue: content.queue });
        this.#queues.put(kv, content, step.seen);
        step.touchQueue(content.queue);
        return;
      case 'endpoint':
        this.#putRow(step, key, kv, content);
        return;
      case 'unreadable':
        if (this.#services.hasEndpoints(content.service)) this.#putRow(step, key, kv, content);
        else this.#putHidden(step, key, kv, content);
        return;
      case 'omitted':
        this.#remove(step, key, false);
        this.#known.set(key, { type: 'omitted', kv });
        this.#omitted++;
        return;
      case 'other':
        this.#remove(step, key, true);
        return;
    }
  }

  #putRow(step: Step, key: string, kv: ClassifiedKeyValue, content: RowContent): void {
    const before = storedOf(this.#known.get(key));
    const isSame = before?.kv.createRevision === kv.createRevision;
    // A record that was deleted and created again between two lists.
    if (!before || !isSame) this.#remove(step, key, false);
    const stored = storeRow(kv, content, isSame ? before.row : step.seen);
    step.addEvent(content.service, () => rowEvent(isSame ? before : undefined, stored));
    this.#setRow(step, key, stored);
  }

  /** Sets a row whose key is unknown, or is that of a record of the same service. */
  #setRow(step: Step, key: string, stored: StoredRow): void {
    const known = this.#known.get(key);
    if (known?.type !== 'row') this.#size++;
    this.#known.set(key, { type: 'row', stored });
    step.putRow(key, stored.row);
    this.#updateService(step, stored.content.service, () => {
      const before = storedOf(known)?.content;
      if (before) this.#services.remove(key, before);
      this.#services.add(key, stored.content);
    });
  }

  #putHidden(step: Step, key: string, kv: ClassifiedKeyValue, content: UnreadableContent): void {
    const known = this.#known.get(key);
    const isSame = known?.type === 'hidden' && known.kv.createRevision === kv.createRevision;
    if (!isSame) this.#remove(step, key, false);
    const { seen, wasShown } = isSame ? known : { seen: step.seen, wasShown: false };
    this.#known.set(key, { type: 'hidden', kv, content, seen, wasShown });
    this.#services.add(key, content);
  }

  /** Shows the values that are not endpoints if the service now has an endpoint, and hides them if it has none left. */
  #updateService(step: Step, service: string, update: () => void): void {
    const had = this.#services.hasEndpoints(service);
    update();
    const has = this.#services.hasEndpoints(service);
    if (has === had) return;
    for (const key of this.#services.unreadable(service)) has ? this.#show(step, key) : this.#hide(step, key);
  }

  #show(step: Step, key: string): void {
    const known = this.#known.get(key);
    if (known?.type !== 'hidden') return;
    this.#setRow(step, key, storeRow(known.kv, known.content, known.seen));
  }

  #hide(step: Step, key: string): void {
    const known = this.#known.get(key);
    if (known?.type !== 'row' || known.stored.content.kind !== 'unreadable') return;
    const { kv, content, row } = known.stored;
    this.#known.set(key, { type: 'hidden', kv, content, seen: row, wasShown: true });
    this.#size--;
    step.removeRow(key);
  }

  #remove(step: Step, key: string, invalid: boolean): void {
    const known = this.#known.get(key);
    if (!known) return;
    this.#known.delete(key);
    switch (known.type) {
      case 'row':
        this.#removeRow(step, key, known.stored, invalid);
        return;
      case 'hidden':
        this.#services.remove(key, known.content);
        if (known.wasShown)
          step.addDeparture({ stored: storeRow(known.kv, known.content, known.seen), invalid });
        return;
      case 'member':
        this.#queues.remove(known.queue, key, step.seen);
        step.touchQueue(known.queue);
        return;
      case 'omitted':
        this.#omitted--;
        return;
    }
  }

  #removeRow(step: Step, key: string, stored: StoredRow, invalid: boolean): void {
    this.#size--;
    step.removeRow(key);
    step.addDeparture({ stored, invalid });
    const { content } = stored;
    this.#updateService(step, content.service, () => this.#services.remove(key, content));
  }
}

/** The record of a key, whether it is shown or not. */
function storedOf(known: Known | undefined): StoredRow | undefined {
  if (known?.type === 'row') return known.stored;
  return known?.type === 'hidden' ? storeRow(known.kv, known.content, known.seen) : undefined;
}

function kvOf(known: Known): ClassifiedKeyValue {
  return known.type === 'row' ? known.stored.kv : known.kv;
}

/** Collects the effect of one update. */
class Step {
  readonly seen: Seen;
  isContinuous = true;
  readonly #revision: Revision;
  readonly #isFirst: boolean;
  readonly #puts = new Map<string, EndpointRow>();
  readonly #removed = new Set<string>();
  readonly #departed: DepartedRow[] = [];
  readonly #events: ServiceEvent[] = [];
  readonly #queues = new Set<string>();

  constructor(revision: Revision, seen: Seen, isFirst: boolean) {
    this.#revision = revision;
    this.seen = seen;
    this.#isFirst = isFirst;
  }

  putRow(key: string, row: EndpointRow): void {
    this.#removed.delete(key);
    this.#puts.set(key, row);
  }

  removeRow(key: string): void {
    this.#puts.delete(key);
    this.#removed.add(key);
  }

  touchQueue(name: string): void {
    this.#queues.add(name);
  }

  addDeparture(departed: DepartedRow): void {
    this.#departed.push(departed);
  }

  /** What is in the first list happened before: the function is not called for it. */
  addEvent(service: string, eventOf: () => RowEvent | undefined): void {
    const event = this.#isFirst ? undefined : eventOf();
    if (event) this.#events.push({ service, event });
  }

  finish(state: Queues): Change {
    const queues = [...this.#queues].map((name) => ({ name, queue: state.get(name) }));
    return {
      revision: this.#revision,
      puts: this.#puts,
      removed: this.#removed,
      queues: queues.flatMap(({ queue }) => queue ?? []),
      removedQueues: queues.filter(({ queue }) => !queue).map(({ name }) => name),
      departed: this.#departed,
      events: this.#events,
      isContinuous: this.isContinuous,
    };
  }
}
