import type { KeyValue, MirrorUpdate, Revision } from '../../../index.js';
import type { EndpointRow, Queue } from '../protocol/index.js';
import type { ClassifiedKeyValue, Classify, UnreadableContent } from './content.js';
import { Queues } from './queues.js';
import { type RowContent, type Seen, type StoredRow, storeRow } from './row.js';
import { type RowEvent, rowEvent } from './row-events.js';

/** What is known of a key. */
type Known = KnownRow | KnownHidden | KnownMember;

interface KnownRow {
  readonly type: 'row';
  readonly stored: StoredRow;
}

/** A value that is not an endpoint, in a service without rows: its key may be that of another program. */
interface KnownHidden {
  readonly type: 'hidden';
  readonly kv: ClassifiedKeyValue;
  readonly content: UnreadableContent;
  readonly seen: Seen;
}

interface KnownMember {
  readonly type: 'member';
  readonly kv: ClassifiedKeyValue;
  readonly queue: string;
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
  /** The number of rows of each service that has any. */
  readonly #rowsOf = new Map<string, number>();
  readonly #hiddenOf = new Map<string, Set<string>>();
  readonly #classify: Classify;
  #size = 0;
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
        this.#showHidden(step, content.service);
        return;
      case 'unreadable':
        if (this.#rowsOf.has(content.service)) this.#putRow(step, key, kv, content);
        else this.#hide(step, key, kv, content);
        return;
      case 'other':
        this.#remove(step, key, true);
        return;
    }
  }

  #putRow(step: Step, key: string, kv: ClassifiedKeyValue, content: RowContent): void {
    const known = this.#known.get(key);
    const before = known?.type === 'row' ? known.stored : undefined;
    const isSame = before?.kv.createRevision === kv.createRevision;
    // A record that was deleted and created again between two lists.
    if (!before || !isSame) this.#remove(step, key, false);
    const stored = storeRow(kv, content, isSame ? before.row : step.seen);
    step.addEvent(content.service, () => rowEvent(isSame ? before : undefined, stored));
    this.#setRow(step, key, stored);
  }

  /** Sets a row whose key has none, or one of the same service. */
  #setRow(step: Step, key: string, stored: StoredRow): void {
    const { service } = stored.content;
    if (this.#known.get(key)?.type !== 'row') {
      this.#size++;
      this.#rowsOf.set(service, (this.#rowsOf.get(service) ?? 0) + 1);
    }
    this.#known.set(key, { type: 'row', stored });
    step.putRow(key, stored.row);
  }

  #hide(step: Step, key: string, kv: ClassifiedKeyValue, content: UnreadableContent): void {
    this.#remove(step, key, true);
    this.#known.set(key, { type: 'hidden', kv, content, seen: step.seen });
    const keys = this.#hiddenOf.get(content.service);
    if (keys) keys.add(key);
    else this.#hiddenOf.set(content.service, new Set([key]));
  }

  /** Shows the values that are not endpoints, now that the service has an endpoint. */
  #showHidden(step: Step, service: string): void {
    const keys = this.#hiddenOf.get(service);
    if (!keys) return;
    this.#hiddenOf.delete(service);
    for (const key of keys) {
      const known = this.#known.get(key);
      if (known?.type !== 'hidden') continue;
      this.#known.delete(key);
      this.#setRow(step, key, storeRow(known.kv, known.content, known.seen));
    }
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
        this.#forgetHidden(known.content.service, key);
        return;
      case 'member':
        this.#queues.remove(known.queue, key, step.seen);
        step.touchQueue(known.queue);
        return;
    }
  }

  #removeRow(step: Step, key: string, stored: StoredRow, invalid: boolean): void {
    const { service } = stored.content;
    this.#size--;
    const left = (this.#rowsOf.get(service) ?? 0) - 1;
    if (left > 0) this.#rowsOf.set(service, left);
    else this.#rowsOf.delete(service);
    step.removeRow(key);
    step.addDeparture({ stored, invalid });
  }

  #forgetHidden(service: string, key: string): void {
    const keys = this.#hiddenOf.get(service);
    keys?.delete(key);
    if (keys?.size === 0) this.#hiddenOf.delete(service);
  }
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
