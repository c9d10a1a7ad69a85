import type { KeyValue, MirrorUpdate, Revision } from '../../../index.js';
import type { EndpointRow, Queue } from '../protocol/index.js';
import { type Change, ChangeCollector } from './change.js';
import type { ClassifiedKeyValue, Classify, UnreadableContent } from './content.js';
import { Queues } from './queues.js';
import { type RowContent, type Seen, type StoredRow, storeRow } from './row.js';
import { rowEvent } from './row-events.js';
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
    const changes = new ChangeCollector(update.revision, seen, isFirst);
    if (update.type === 'delta') this.#applyKeys(changes, update.deletes, update.puts);
    else this.#applyList(changes, update.kvs);
    return changes.finish(this.#queues);
  }

  #applyList(changes: ChangeCollector, kvs: ReadonlyMap<string, KeyValue>): void {
    const gone = [...this.#known.keys()].filter((key) => !kvs.has(key));
    const puts = new Map([...kvs].filter(([key, kv]) => !this.#isSame(key, kv)));
    changes.isContinuous = puts.size < kvs.size;
    this.#applyKeys(changes, gone, puts);
  }

  #isSame(key: string, kv: KeyValue): boolean {
    const known = this.#known.get(key);
    return known !== undefined && kvOf(known).isSameAs(this.#classify(kv));
  }

  #applyKeys(changes: ChangeCollector, deletes: Iterable<string>, puts: ReadonlyMap<string, KeyValue>): void {
    for (const key of deletes) this.#remove(changes, key, false);
    for (const [key, kv] of puts) this.#put(changes, key, this.#classify(kv));
  }

  #put(changes: ChangeCollector, key: string, kv: ClassifiedKeyValue): void {
    const { content } = kv;
    switch (content.kind) {
      case 'member':
        if (this.#known.get(key)?.type !== 'member') this.#remove(changes, key, true);
        this.#known.set(key, { type: 'member', kv, queue: content.queue });
        this.#queues.put(kv, content, changes.seen);
        changes.touchQueue(content.queue);
        return;
      case 'endpoint':
        this.#putRow(changes, key, kv, content);
        return;
      case 'unreadable':
        if (this.#services.hasEndpoints(content.service)) this.#putRow(changes, key, kv, content);
        else this.#putHidden(changes, key, kv, content);
        return;
      case 'omitted':
        this.#remove(changes, key, false);
        this.#known.set(key, { type: 'omitted', kv });
        this.#omitted++;
        return;
      case 'other':
        this.#remove(changes, key, true);
        return;
    }
  }

  #putRow(changes: ChangeCollector, key: string, kv: ClassifiedKeyValue, content: RowContent): void {
    const before = storedOf(this.#known.get(key));
    const isSame = before?.kv.createRevision === kv.createRevision;
    // A record that was deleted and created again between two lists.
    if (!before || !isSame) this.#remove(changes, key, false);
    const stored = storeRow(kv, content, isSame ? before.row : changes.seen);
    changes.addEvent(content.service, () => rowEvent(isSame ? before : undefined, stored));
    this.#setRow(changes, key, stored);
  }

  /** Sets a row whose key is unknown, or is that of a record of the same service. */
  #setRow(changes: ChangeCollector, key: string, stored: StoredRow): void {
    const known = this.#known.get(key);
    if (known?.type !== 'row') this.#size++;
    this.#known.set(key, { type: 'row', stored });
    changes.putRow(key, stored.row);
    this.#updateService(changes, stored.content.service, () => {
      const before = storedOf(known)?.content;
      if (before) this.#services.remove(key, before);
      this.#services.add(key, stored.content);
    });
  }

  #putHidden(
    changes: ChangeCollector,
    key: string,
    kv: ClassifiedKeyValue,
    content: UnreadableContent,
  ): void {
    const known = this.#known.get(key);
    const isSame = known?.type === 'hidden' && known.kv.createRevision === kv.createRevision;
    if (!isSame) this.#remove(changes, key, false);
    const { seen, wasShown } = isSame ? known : { seen: changes.seen, wasShown: false };
    this.#known.set(key, { type: 'hidden', kv, content, seen, wasShown });
    this.#services.add(key, content);
  }

  /** Shows the values that are not endpoints if the service now has an endpoint, and hides them if it has none left. */
  #updateService(changes: ChangeCollector, service: string, update: () => void): void {
    const had = this.#services.hasEndpoints(service);
    update();
    const has = this.#services.hasEndpoints(service);
    if (has === had) return;
    for (const key of this.#services.unreadable(service))
      has ? this.#show(changes, key) : this.#hide(changes, key);
  }

  #show(changes: ChangeCollector, key: string): void {
    const known = this.#known.get(key);
    if (known?.type !== 'hidden') return;
    this.#setRow(changes, key, storeRow(known.kv, known.content, known.seen));
  }

  #hide(changes: ChangeCollector, key: string): void {
    const known = this.#known.get(key);
    if (known?.type !== 'row' || known.stored.content.kind !== 'unreadable') return;
    const { kv, content, row } = known.stored;
    this.#known.set(key, { type: 'hidden', kv, content, seen: row, wasShown: true });
    this.#size--;
    changes.removeRow(key);
  }

  #remove(changes: ChangeCollector, key: string, invalid: boolean): void {
    const known = this.#known.get(key);
    if (!known) return;
    this.#known.delete(key);
    switch (known.type) {
      case 'row':
        this.#removeRow(changes, key, known.stored, invalid);
        return;
      case 'hidden':
        this.#services.remove(key, known.content);
        if (known.wasShown)
          changes.addDeparture({ stored: storeRow(known.kv, known.content, known.seen), invalid });
        return;
      case 'member':
        this.#queues.remove(known.queue, key, changes.seen);
        changes.touchQueue(known.queue);
        return;
      case 'omitted':
        this.#omitted--;
        return;
    }
  }

  #removeRow(changes: ChangeCollector, key: string, stored: StoredRow, invalid: boolean): void {
    this.#size--;
    changes.removeRow(key);
    changes.addDeparture({ stored, invalid });
    const { content } = stored;
    this.#updateService(changes, content.service, () => this.#services.remove(key, content));
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
