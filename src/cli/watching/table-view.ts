import {
  type EndpointEvent,
  type EndpointRecord,
  type EtcdError,
  formatLeaseId,
  keyBytes,
  type Revision,
} from '../../index.js';
import type { Output } from '../io.js';
import { traitCells } from '../records.js';
import type { Target } from '../target.js';
import { columns, count, span } from '../text.js';
import { Screen } from './screen.js';
import type { WatchView } from './view.js';

interface Row {
  readonly record: EndpointRecord;
  /** Its key, by which the table is sorted as etcd sorts. */
  readonly bytes: Buffer;
  readonly change: { readonly what: 'added' | 'changed' | 'removed'; readonly at: number } | undefined;
}

/** How long a removed endpoint stays in the table, so that it can be seen to go. */
const lingerMs = 10_000;
const tickMs = 1_000;

/** A table that is redrawn in place: with every change, and each second for the ages in it. */
export class TableView implements WatchView {
  readonly #target: Target;
  readonly #output: Output;
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #rows = new Map<string, Row>();
  readonly #timer: NodeJS.Timeout;
  readonly #onResize = () => this.#screen.redraw(this.#lines());
  #revision: Revision = 0n;
  /** How many records are no endpoints. */
  #invalid = 0;
  #note = 'loading';
  #outage: { readonly since: number; readonly error: EtcdError | undefined } | undefined;

  constructor(output: Output, target: Target, now: () => number = () => performance.now()) {
    this.#target = target;
    this.#output = output;
    this.#screen = new Screen(output);
    this.#now = now;
    output.on?.('resize', this.#onResize);
    this.#timer = setInterval(() => this.#draw(), tickMs);
  }

  event(event: EndpointEvent): void {
    this.#revision = event.revision;
    this.#invalid = event.invalid.size;
    if (event.type === 'snapshot') this.#replace(event);
    else this.#change(event);
    this.#draw();
  }

  outage(forMs: number, error: EtcdError | undefined): void {
    this.#outage = { since: this.#now() - forMs, error };
    this.#draw();
  }

  recovered(afterMs: number): void {
    this.#outage = undefined;
    this.#note = `live again after ${span(afterMs)}`;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#output.off?.('resize', this.#onResize);
    this.#screen.end();
  }

  #replace({ reason, endpoints }: EndpointEvent & { type: 'snapshot' }): void {
    const before = [...this.#rows.keys()];
    for (const record of endpoints.values()) this.#put(record, reason === 'initial' ? undefined : 'added');
    for (const key of before) if (!endpoints.has(key)) this.#remove(key);
    this.#note = reason === 'initial' ? 'live' : `live, listed anew: ${reason}`;
  }

  #change({ added, changed, removed }: EndpointEvent & { type: 'delta' }): void {
    for (const record of added) this.#put(record, 'added');
    for (const record of changed) this.#put(record, 'changed');
    for (const key of removed) this.#remove(key);
  }

  #put(record: EndpointRecord, what: 'added' | 'changed' | undefined): void {
    const known = this.#rows.get(record.key);
    if (known && known.change?.what !== 'removed' && known.record.modRevision === record.modRevision) return;
    const bytes = known?.bytes ?? keyBytes(record.key);
    this.#rows.set(record.key, { record, bytes, change: what && { what, at: this.#now() } });
  }

  #remove(key: string): void {
    const known = this.#rows.get(key);
    if (!known || known.change?.what === 'removed') return;
    this.#rows.set(key, { ...known, change: { what: 'removed', at: this.#now() } });
  }

  #draw(): void {
    for (const [key, { change }] of this.#rows)
      if (change?.what === 'removed' && this.#now() - change.at >= lingerMs) this.#rows.delete(key);
    this.#screen.draw(this.#lines());
  }

  #lines(): string[] {
    const rows = [...this.#rows.values()].sort((a, b) => a.bytes.compare(b.bytes));
    const living = rows.filter(({ change }) => change?.what !== 'removed').length;
    const invalid = this.#invalid > 0 ? `, ${count(this.#invalid, 'unreadable record')}` : '';
    const heading = `${this.#target.service}: ${count(living, 'endpoint')}${invalid}, revision ${this.#revision}, ${this.#state()}`;
    if (rows.length === 0) return [heading];
    const titles = ['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE', 'CHANGE'];
    return [heading, ...columns([titles, ...rows.map((row) => this.#cells(row))])];
  }

  #state(): string {
    if (!this.#outage) return this.#note;
    const why = this.#outage.error ? ` (${this.#outage.error.message})` : '';
    return `etcd not reached for ${span(this.#now() - this.#outage.since)}: this is what was last known${why}`;
  }

  #cells({ record, change }: Row): string[] {
    const { weight, zone, status } = traitCells(record);
    const id = record.key.slice(this.#target.prefix.length);
    const lease = record.lease === 0n ? 'permanent' : formatLeaseId(record.lease);
    const last = change ? `${change.what} ${span(this.#now() - change.at)} ago` : '';
    return [id, record.addr, weight, zone, status, lease, last];
  }
}
