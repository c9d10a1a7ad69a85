import type {
  FieldChange,
  TimelineEntry,
  TimelineEvent,
  TimelineReply,
  TimelineRequest,
} from '../protocol/index.js';
import { EntryNumbers } from './entry-numbers.js';

/** Bounds of a timeline. The oldest entries are dropped. */
export interface TimelineLimits {
  readonly perService: number;
  readonly total: number;
  /** The length of all texts in the entries together, in UTF-16 units. */
  readonly textLength: number;
}

const defaultLimits: TimelineLimits = { perService: 1_000, total: 50_000, textLength: 32_000_000 };
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
  #last = 0;
  #dropped = 0;
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

  read({ service, before = Number.POSITIVE_INFINITY, limit }: TimelineRequest): TimelineReply {
    const max = Math.min(limit ?? defaultReplyEntries, maxReplyEntries);
    const numbers = service === undefined ? [...this.#entries.keys()] : this.#numbersFor(service);
    const older = numbers.filter((n) => n < before);
    const shown = older.slice(Math.max(0, older.length - max)).reverse();
    return {
      entries: shown.flatMap((n) => this.#entries.get(n) ?? []),
      more: older.length > shown.length,
      dropped: this.#dropped,
    };
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
    this.#dropped++;
    // Until it moves, an iterator keeps each table that the map has replaced, and the entries that were in it.
    if (this.#dropped % dropsPerIterator === 0) this.#oldest = this.#entries.keys();
  }
}

function textLengthOf({ service = '', what }: TimelineEntry): number {
  const ofEndpoint = 'key' in what ? what.key.length + what.id.length + what.addr.length : 0;
  const changes = 'changes' in what ? what.changes : [];
  return service.length + ofEndpoint + changes.reduce((sum, change) => sum + lengthOf(change), 0);
}

function lengthOf({ path, before = '', after = '' }: FieldChange): number {
  return path.length + before.length + after.length;
}
