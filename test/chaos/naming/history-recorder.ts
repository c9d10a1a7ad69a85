import { Journal } from '../journal.js';
import { nowMs } from './clock.js';
import type { Limits, NamingFact } from './history.js';
import type { SavedStoreHistory } from './saved-history.js';

/** Takes the truth's facts by the clock that all processes share. */
export class StoreJournal extends Journal {
  override now(): number {
    return nowMs();
  }

  /** Somebody always feels a fault here: renewals and watches never rest. */
  override hadOpsSince(): boolean {
    return true;
  }
}

interface Segment {
  readonly journal: StoreJournal;
  readonly facts: NamingFact[];
  /** The store's last revision when it was wiped. */
  lastRevision: bigint | undefined;
}

/** Everything that happens, as it happens: a history for each store, of which the second begins with a wipe. */
export class HistoryRecorder {
  readonly #limits: Limits;
  readonly #segments: [Segment, ...Segment[]] = [
    { journal: new StoreJournal(), facts: [], lastRevision: undefined },
  ];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Of the store store. */
  get journal(): StoreJournal {
    return this.#current.journal;
  }

  get views(): number {
    return this.#segments.reduce(
      (sum, { facts }) => sum + facts.filter(({ kind }) => kind === 'view').length,
      0,
    );
  }

  add(fact: NamingFact): void {
    this.#current.facts.push(fact);
  }

  /** What was under way when the store was wiped may still show the old one, whose revisions are higher. */
  addAtRevision(fact: NamingFact & { readonly revision: bigint }): void {
    const of = this.#segments.find(
      ({ lastRevision }) => lastRevision === undefined || fact.revision >= lastRevision,
    );
    of?.facts.push(fact);
  }

  /** The old store is no more; who lives goes on living. */
  beginStore(lastRevision: bigint, viewers: readonly string[]): void {
    const at = nowMs();
    this.add({ kind: 'end', at });
    this.#current.lastRevision = lastRevision;
    const lives = this.#current.facts.filter(({ kind }) => carriedOver.includes(kind));
    const facts: NamingFact[] = [...lives, { kind: 'wiped', at, viewers }];
    this.#segments.push({ journal: new StoreJournal(), facts, lastRevision: undefined });
  }

  end(): SavedStoreHistory[] {
    this.add({ kind: 'end', at: nowMs() });
    return this.#segments.map(({ journal, facts }) => ({
      limits: this.#limits,
      stored: journal.facts,
      facts,
    }));
  }

  get #current(): Segment {
    return this.#segments.at(-1) as Segment;
  }
}

/** What a wipe of the store changes nothing about. */
const carriedOver: readonly NamingFact['kind'][] = ['started', 'killed', 'paused', 'resumed', 'fault'];
