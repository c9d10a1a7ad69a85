import { Journal } from '../journal.js';
import { nowMs } from './clock.js';
import type { Limits, NamingFact } from './history.js';
import type { Volume } from './volume.js';

/** Takes the truth's facts by the clock that all processes share. */
export class StoreJournal extends Journal {
  override now(): number {
    return nowMs();
  }

  /** Somebody always feels a fault here: renewals and watches never rest. */
  override metSince(): boolean {
    return true;
  }
}

interface Draft {
  readonly journal: StoreJournal;
  readonly facts: NamingFact[];
  /** The store's last revision when it was wiped. */
  lastRevision: bigint | undefined;
}

/** Everything that happens, as it happens: a chapter for each store, of which the second begins with a wipe. */
export class Story {
  readonly #limits: Limits;
  readonly #drafts: [Draft, ...Draft[]] = [
    { journal: new StoreJournal(), facts: [], lastRevision: undefined },
  ];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Of the present store. */
  get journal(): StoreJournal {
    return this.#draft.journal;
  }

  get views(): number {
    return this.#drafts.reduce(
      (sum, { facts }) => sum + facts.filter(({ kind }) => kind === 'view').length,
      0,
    );
  }

  add(fact: NamingFact): void {
    this.#draft.facts.push(fact);
  }

  /** What was under way when the store was wiped may still show the old one, whose revisions are higher. */
  addSeen(fact: NamingFact & { readonly revision: bigint }): void {
    const of = this.#drafts.find(
      ({ lastRevision }) => lastRevision === undefined || fact.revision >= lastRevision,
    );
    of?.facts.push(fact);
  }

  /** The old store is no more; who lives goes on living. */
  beginChapter(lastRevision: bigint, viewers: readonly string[]): void {
    const at = nowMs();
    this.add({ kind: 'end', at });
    this.#draft.lastRevision = lastRevision;
    const lives = this.#draft.facts.filter(({ kind }) => lasting.includes(kind));
    const facts: NamingFact[] = [...lives, { kind: 'wiped', at, viewers }];
    this.#drafts.push({ journal: new StoreJournal(), facts, lastRevision: undefined });
  }

  end(): Volume[] {
    this.add({ kind: 'end', at: nowMs() });
    return this.#drafts.map(({ journal, facts }) => ({ limits: this.#limits, stored: journal.facts, facts }));
  }

  get #draft(): Draft {
    return this.#drafts.at(-1) as Draft;
  }
}

/** What a wipe of the store changes nothing about. */
const lasting: readonly NamingFact['kind'][] = ['started', 'killed', 'frozen', 'thawed', 'fault'];
