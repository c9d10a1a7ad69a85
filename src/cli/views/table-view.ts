import {
  type DepartureReason,
  type EndpointEvent,
  type EndpointRecord,
  type EtcdError,
  keyBytes,
  type Revision,
} from '../../index.js';
import type { Target } from '../args/target.js';
import { noRemovals, type Removals } from '../data/departures.js';
import { formatRecordLeaseId } from '../data/leases.js';
import { metadataCell, statusCell, traitCells } from '../data/records.js';
import type { Output } from '../output/io.js';
import { type Line, styled, type Text } from '../output/line.js';
import { alignCells, formatDuration, pluralize } from '../output/text.js';
import { LiveScreen } from './live-screen.js';
import { LiveStatus } from './live-status.js';
import type { WatchView } from './view.js';

interface Row {
  readonly record: EndpointRecord;
  /** The key. The table is sorted by its bytes, as etcd sorts keys. */
  readonly keyBytes: Buffer;
  readonly change: Change | undefined;
}

interface Change {
  readonly type: 'added' | 'changed' | 'removed';
  readonly at: number;
  /** Why the endpoint was removed. */
  readonly reason?: DepartureReason | undefined;
}

export interface TableOptions {
  /** Whether the table has the columns of `--output wide`. Default false. */
  readonly isWide?: boolean;
  /** Default false. */
  readonly useColor?: boolean;
  /** Milliseconds on a monotonic clock. Default: that of the process. */
  readonly now?: () => number;
}

/** How long a removed endpoint stays in the table, in milliseconds, so that the user notices the removal. */
const showRemovedMs = 10_000;

/** A table that is redrawn in place, after every change and as {@link LiveScreen} does. */
export class TableView implements WatchView {
  readonly #target: Target;
  readonly #screen: LiveScreen;
  readonly #now: () => number;
  readonly #isWide: boolean;
  readonly #rows = new Map<string, Row>();
  readonly #status: LiveStatus;
  #revision: Revision = 0n;
  /** The number of records whose value is not an endpoint. */
  #invalid = 0;

  constructor(output: Output, target: Target, options: TableOptions = {}) {
    this.#target = target;
    this.#isWide = options.isWide ?? false;
    this.#now = options.now ?? (() => performance.now());
    this.#status = new LiveStatus('loading', this.#now);
    this.#screen = new LiveScreen(output, options.useColor, () => this.#lines());
  }

  onEvent(event: EndpointEvent, removals = noRemovals): void {
    this.#revision = event.revision;
    this.#invalid = event.invalid.size;
    if (event.type === 'snapshot') this.#replace(event, removals);
    else this.#change(event, removals);
    this.#screen.draw();
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#status.onOutage(forMs, error);
    this.#screen.draw();
  }

  onRecovery(afterMs: number): void {
    this.#status.onRecovery(afterMs);
    this.#screen.draw();
  }

  close(): void {
    this.#screen.close();
  }

  #replace({ reason, endpoints }: EndpointEvent & { type: 'snapshot' }, removals: Removals): void {
    const before = [...this.#rows.keys()];
    for (const record of endpoints.values()) this.#put(record, reason === 'initial' ? undefined : 'added');
    for (const key of before) if (!endpoints.has(key)) this.#remove(key, removals);
    this.#status.text = reason === 'initial' ? 'live' : `live, listed again: ${reason}`;
  }

  #change({ added, changed, removed }: EndpointEvent & { type: 'delta' }, removals: Removals): void {
    for (const record of added) this.#put(record, 'added');
    for (const record of changed) this.#put(record, 'changed');
    for (const key of removed) this.#remove(key, removals);
  }

  #put(record: EndpointRecord, type: 'added' | 'changed' | undefined): void {
    const known = this.#rows.get(record.key);
    if (known && known.change?.type !== 'removed' && known.record.modRevision === record.modRevision) return;
    this.#rows.set(record.key, {
      record,
      keyBytes: known?.keyBytes ?? keyBytes(record.key),
      change: type && { type, at: this.#now() },
    });
  }

  #remove(key: string, removals: Removals): void {
    const known = this.#rows.get(key);
    if (!known || known.change?.type === 'removed') return;
    this.#rows.set(key, {
      ...known,
      change: { type: 'removed', at: this.#now(), reason: removals.get(key)?.reason },
    });
  }

  /** Forgets the endpoints that have been shown as removed for long enough. */
  #forgetRemoved(): void {
    for (const [key, { change }] of this.#rows)
      if (change?.type === 'removed' && this.#now() - change.at >= showRemovedMs) this.#rows.delete(key);
  }

  #titles(): Text[] {
    const titles = ['ID', 'ADDR', 'WEIGHT', 'ZONE', 'STATUS', 'LEASE-ID', 'CHANGE'];
    return this.#isWide ? [...titles, 'REVISION', 'CREATE-REVISION', 'METADATA'] : titles;
  }

  #lines(): Line[] {
    this.#forgetRemoved();
    const rows = [...this.#rows.values()].sort((a, b) => a.keyBytes.compare(b.keyBytes));
    const present = rows.filter(({ change }) => change?.type !== 'removed').length;
    const invalid = this.#invalid > 0 ? `, ${pluralize(this.#invalid, 'invalid record')}` : '';
    const counts = `${this.#target.service}: ${pluralize(present, 'endpoint')}${invalid}`;
    const heading = [`${counts}, revision ${this.#revision}, `, this.#status.toText()];
    if (rows.length === 0) return [heading];
    return [heading, ...alignCells([this.#titles(), ...rows.map((row) => this.#cells(row))])];
  }

  #cells({ record, change }: Row): Text[] {
    const { weight, zone, status } = traitCells(record);
    const id = record.key.slice(this.#target.prefix.length);
    const lastChange = change ? this.#describe(change) : '';
    const cells = [id, record.addr, weight, zone, statusCell(status), formatRecordLeaseId(record.lease)];
    const wide = this.#isWide
      ? [`${record.modRevision}`, `${record.createRevision}`, metadataCell(record)]
      : [];
    const dimmed = (cell: Text) => styled(cell, change?.type === 'removed' ? 'dim' : undefined);
    return [...cells.map(dimmed), styled(lastChange, change && styleOf[change.type]), ...wide.map(dimmed)];
  }

  #describe({ type, at, reason }: Change): string {
    const why = reason === undefined ? '' : `: ${reason}`;
    return `${type} ${formatDuration(this.#now() - at)} ago${why}`;
  }
}

const styleOf = { added: 'green', changed: 'yellow', removed: 'red' } as const;
