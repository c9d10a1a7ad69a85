import type { TimelineEntry, TimelineEvent, TimelineReply, TimelineRequest } from '../protocol/index.js';
import { matcher } from '../shared/index.js';
import { DropCounts } from './drop-counts.js';
import { EntryNumbers } from './entry-numbers.js';
import { type SearchLimits, searchEntries } from './search-entries.js';
import { textLengthOf } from './text-length.js';

/** Bounds of a timeline. The oldest entries are dropped. */
export interface TimelineLimits {
  readonly perService: number;
  readonly total: number;
  /** The length of all texts in the entries together, in UTF-16 units. */
  readonly textLength: number;
  /** Of one call of {@link Timeline.read}. */
  readonly search: SearchLimits;
}

const defaultLimits: TimelineLimits = {
  perService: 1_000,
  total: 50_000,
  textLength: 32_000_000,
  search: { entries: 10_000, textLength: 1_000_000 },
};
/** A new iterator skips what was dropped before the oldest entry, so it is not created for each drop. */
const dropsPerIterator = 1_000;
const defaultReplyEntries = 100;
const maxReplyEntries = 500;

/** What happened to the services since the command started. Pure: performs no IO. */
export class Timeline {
  readonly #limits: TimelineLimits;
  readonly #entries = new Map<number, TimelineEntry>();
  /** From the oldest entry; it continues with entries that are added later. Replaced after some drops. */
  #oldest = this.#entries.keys();
  /** The numbers of the entries of each service. Undefined is the key of those that concern all. */
  readonly #numbersOf = new Map<string | undefined, EntryNumbers>();
  readonly #dropped = new DropCounts();
  #last = 0;
  #textLength = 0;

  constructor(limits: TimelineLimits = defaultLimits) {
    this.#limits = limits;
  }

  add(at: number, service: string | undefined, what: TimelineEvent): TimelineEntry {
    const n = ++this.#last;
    const entry = { n, at, service, what };
    this.#entries.set(n, entry);
    this.#textLength += textLengthOf(entry);
    this.#numbers(service).add(n);
    this.#dropExcess(service);
    return entry;
  }

  /** Replaces what an entry says. Returns the new entry; undefined if the old one has been dropped. */
  replace(n: number, what: TimelineEvent): TimelineEntry | undefined {
    const known = this.#entries.get(n);
    if (!known) return undefined;
    const entry = { ...known, what };
    this.#textLength += textLengthOf(entry) - textLengthOf(known);
    this.#entries.set(n, entry);
    return entry;
  }

  read({ service, before = Number.POSITIVE_INFINITY, limit, ...filter }: TimelineRequest): TimelineReply {
    const max = Math.min(limit ?? defaultReplyEntries, maxReplyEntries);
    const older = this.#entriesFor(service).filter(({ n }) => n < before);
    const { entries, next } = searchEntries(older, matcher(filter), max, this.#limits.search);
    const dropped = service === undefined ? this.#dropped.total : this.#dropped.of(service);
    return { entries, next, dropped };
  }

  #entriesFor(service: string | undefined): TimelineEntry[] {
    if (service === undefined) return [...this.#entries.values()];
    return this.#numbersFor(service).flatMap((n) => this.#entries.get(n) ?? []);
  }

  #numbersFor(service: string): number[] {
    const both = [service, undefined].map((name) => this.#numbersOf.get(name)?.all() ?? []);
    return both.flat().sort((a, b) => a - b);
  }

  #numbers(service: string | undefined): EntryNumbers {
    let numbers = this.#numbersOf.get(service);
    if (!numbers) {
      numbers = new EntryNumbers();
      this.#numbersOf.set(service, numbers);
    }
    return numbers;
  }

  #dropExcess(service: string | undefined): void {
    const { perService, total, textLength } = this.#limits;
    if (this.#numbers(service).size > perService) this.#dropOldestOf(service);
    while (this.#entries.size > 1 && (this.#entries.size > total || this.#textLength > textLength))
      this.#dropOldest();
  }

  #dropOldest(): void {
    const { value: n } = this.#oldest.next();
    const entry = n === undefined ? undefined : this.#entries.get(n);
    if (entry) this.#dropOldestOf(entry.service);
  }

  #dropOldestOf(service: string | undefined): void {
    const numbers = this.#numbersOf.get(service);
    const n = numbers?.shift();
    if (numbers?.size === 0) this.#numbersOf.delete(service);
    const entry = n === undefined ? undefined : this.#entries.get(n);
    if (!entry) return;
    this.#entries.delete(entry.n);
    this.#textLength -= textLengthOf(entry);
    this.#dropped.add(service);
    // Until it moves, an iterator keeps each table that the map has replaced, and the entries that were in it.
    if (this.#dropped.total % dropsPerIterator === 0) this.#oldest = this.#entries.keys();
  }
}
