import type { StoredKv } from '../history.js';
import { rareService, service } from './crew.js';
import type { Hand } from './hand.js';
import { handOf, type Mended } from './history.js';
import type { Story } from './story.js';
import { recordOf } from './values.js';

/** The store as the truth has it by now. */
export class Present {
  readonly #story: Story;
  readonly #kvs = new Map<string, StoredKv>();
  #of: Story['journal'] | undefined;
  #read = 0;

  constructor(story: Story) {
    this.#story = story;
  }

  get(key: string): StoredKv | undefined {
    this.#readTruth();
    return this.#kvs.get(key);
  }

  /** Endpoints by mod revision. */
  records(ofService: string): ReadonlyMap<string, bigint> {
    this.#readTruth();
    const own = [...this.#kvs.values()].filter((kv) => kv.key.startsWith(`${ofService}/`) && recordOf(kv));
    return new Map(own.map(({ key, modRevision }) => [key, modRevision]));
  }

  #readTruth(): void {
    const { journal } = this.#story;
    if (this.#of !== journal) {
      this.#kvs.clear();
      [this.#of, this.#read] = [journal, 0];
    }
    for (; this.#read < journal.facts.length; this.#read++) {
      const fact = journal.facts[this.#read];
      if (fact?.kind !== 'truth') continue;
      for (const event of fact.events) {
        if (event.type === 'put') this.#kvs.set(event.kv.key, event.kv);
        else this.#kvs.delete(event.key);
      }
    }
  }
}

/** What is not as it should be. */
export function ailments(hands: readonly Hand[], present: Present): Set<Mended> {
  const wrong = new Set<Mended>();
  const registrars = hands.filter(({ role }) => role === 'registrar');
  for (const key of new Set(registrars.map((hand) => hand.key))) {
    const kv = present.get(key);
    const life = kv && recordOf(kv)?.life;
    const owner = registrars.find(({ name }) => life !== undefined && handOf(life) === name);
    if (owner && !owner.running) wrong.add('R1');
    const living = registrars.filter((hand) => hand.key === key && hand.running);
    if (living.length > 0 && !living.some((hand) => stands(hand, kv))) wrong.add('R2');
  }
  for (const of of [service, rareService]) {
    const records = present.records(of);
    for (const hand of hands) {
      if (hand.role !== 'viewer' || !hand.running) continue;
      const shown = hand.views.get(of)?.records;
      if (!shown || !same(shown, records)) wrong.add('N5');
      if (shown && [...shown.keys()].some((key) => !present.get(key))) wrong.add('N4');
    }
  }
  return wrong;
}

/** Whether that is this very process's record, as new as it was told. */
function stands({ life, turn }: Hand, kv: StoredKv | undefined): boolean {
  const record = kv && recordOf(kv);
  return record?.life === life && record.turn >= turn;
}

function same(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): boolean {
  return a.size === b.size && [...a].every(([key, revision]) => b.get(key) === revision);
}
