import { Journal } from '../journal.js';
import { nowMs } from './clock.js';
import type { Limits, NamingFact } from './history.js';
import type { SavedStoreHistory } from './saved-history.js';

/** Records the truth with the clock that all processes share. */
export class StoreJournal extends Journal {
  override now(): number {
    return nowMs();
  }

  /** Renewals and watches never pause, so every fault affects some client. */
  override hadOpsSince(): boolean {
    return true;
  }
}

interface Segment {
  readonly journal: StoreJournal;
  readonly facts: NamingFact[];
  /** The store's last revision before the wipe. */
  lastRevision: bigint | undefined;
}

/** Records everything as it happens, with one history per store; the second begins with the wipe. */
export class HistoryRecorder {
  readonly #limits: Limits;
  readonly #segments: [Segment, ...Segment[]] = [
    { journal: new StoreJournal(), facts: [], lastRevision: undefined },
  ];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The journal of the current store. */
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

  /** Facts in flight during the wipe may still describe the old store, whose revisions are higher. */
  addAtRevision(fact: NamingFact & { readonly revision: bigint }): void {
    const of = this.#segments.find(
      ({ lastRevision }) => lastRevision === undefined || fact.revision >= lastRevision,
    );
    of?.facts.push(fact);
  }

  /** Starts the history of a new store; running processes continue. */
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

/** Kinds of facts that a wipe does not invalidate. */
const carriedOver: readonly NamingFact['kind'][] = ['started', 'killed', 'paused', 'resumed', 'fault'];
