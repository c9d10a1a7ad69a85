import type { DepartureReason } from '../../../index.js';
import { reasonWithoutLease } from '../../../internal.js';
import type { findReasons } from '../../data/departures.js';
import type { LeaveReason, TimelineEntry, TimelineEvent } from '../protocol/index.js';
import type { DepartedRow } from './change.js';
import { departureOf } from './row-events.js';
import type { Timeline } from './timeline.js';

type Departed = Parameters<typeof findReasons>[1][number];
type Left = Extract<TimelineEvent, { readonly type: 'left' }>;

/** What is known of the update in which records left. */
export interface DepartureContext {
  readonly at: number;
  readonly revision: string;
  readonly storeReplaced: boolean;
  /** Whether the store is known to be the same as before. If not, an absent lease may be one of another store. */
  readonly isSameStore: boolean;
}

export interface DeparturesPorts {
  readonly timeline: Timeline;
  /** As {@link findReasons}. */
  readonly findReasons: (
    departed: readonly Departed[],
    signal: AbortSignal,
  ) => Promise<readonly DepartureReason[]>;
  /** Called with entries whose reasons were found. */
  readonly onEntries: (entries: readonly TimelineEntry[]) => void;
}

interface Pending {
  readonly entry: TimelineEntry & { readonly what: Left };
  readonly departed: Departed;
}

/** Adds departures to the timeline: at once, and again when the reason is known. */
export class Departures {
  readonly #ports: DeparturesPorts;
  /** Ends the look-ups: those of leases of a store that was replaced afterwards. */
  #lookups = new AbortController();
  #isClosed = false;

  constructor(ports: DeparturesPorts) {
    this.#ports = ports;
  }

  /** Adds the records that left with an update, and returns their entries. The order is that of `rows`. */
  add(rows: readonly DepartedRow[], context: DepartureContext): readonly TimelineEntry[] {
    if (context.storeReplaced) this.#endLookups();
    const added = rows.map((row) => this.#addOne(row, context));
    const pending = added.filter(({ entry }) => entry.what.reason === undefined);
    if (pending.length > 0) void this.#lookUp(pending, context);
    return added.map(({ entry }) => entry);
  }

  close(): void {
    this.#isClosed = true;
    this.#lookups.abort();
  }

  #endLookups(): void {
    this.#lookups.abort();
    this.#lookups = new AbortController();
  }

  #addOne({ stored, invalid }: DepartedRow, { at, revision, storeReplaced }: DepartureContext): Pending {
    const { content, kv } = stored;
    const metadata = content.kind === 'endpoint' && content.draining ? { status: 'draining' } : undefined;
    const departed = { lease: kv.lease, metadata, storeReplaced, invalid };
    const reason = reasonWithoutLease(departed, departed);
    const what: Left = { type: 'left', ...departureOf(stored, revision), reason };
    return { entry: { ...this.#ports.timeline.add(at, content.service, what), what }, departed };
  }

  async #lookUp(pending: readonly Pending[], { isSameStore }: DepartureContext): Promise<void> {
    const { findReasons, onEntries } = this.#ports;
    const reasons = await findReasons(
      pending.map(({ departed }) => departed),
      this.#lookups.signal,
    ).catch(() => []); // the client was closed
    if (this.#isClosed) return;
    onEntries(pending.flatMap(({ entry }, i) => this.#settle(entry, reasons[i] ?? 'unknown', isSameStore)));
  }

  #settle({ n, what }: Pending['entry'], found: LeaveReason, isSameStore: boolean): readonly TimelineEntry[] {
    const reason = found === 'lease-ended' && !isSameStore ? 'unknown' : found;
    const entry = this.#ports.timeline.replace(n, { ...what, reason });
    return entry ? [entry] : [];
  }
}
