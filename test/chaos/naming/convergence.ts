import type { StoredKv } from '../history.js';
import { type ConvergenceProperty, workerOf } from './history.js';
import type { HistoryRecorder } from './history-recorder.js';
import { recordOf } from './values.js';
import type { Worker } from './worker.js';
import { rareService, service } from './workers.js';

/** The current store according to the truth. */
export class CurrentStore {
  readonly #recorder: HistoryRecorder;
  readonly #kvs = new Map<string, StoredKv>();
  #of: HistoryRecorder['journal'] | undefined;
  #read = 0;

  constructor(recorder: HistoryRecorder) {
    this.#recorder = recorder;
  }

  get(key: string): StoredKv | undefined {
    this.#readTruth();
    return this.#kvs.get(key);
  }

  /** Keys of the service's endpoints with their mod revisions. */
  records(ofService: string): ReadonlyMap<string, bigint> {
    this.#readTruth();
    const own = [...this.#kvs.values()].filter((kv) => kv.key.startsWith(`${ofService}/`) && recordOf(kv));
    return new Map(own.map(({ key, modRevision }) => [key, modRevision]));
  }

  #readTruth(): void {
    const { journal } = this.#recorder;
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

/** The properties that do not hold at present. */
export function unmetProperties(workers: readonly Worker[], store: CurrentStore): Set<ConvergenceProperty> {
  const unmet = new Set<ConvergenceProperty>();
  const registrars = workers.filter(({ role }) => role === 'registrar');
  for (const key of new Set(registrars.map((worker) => worker.key))) {
    const kv = store.get(key);
    const incarnation = kv && recordOf(kv)?.incarnation;
    const owner = registrars.find(({ name }) => incarnation !== undefined && workerOf(incarnation) === name);
    if (owner && !owner.running) unmet.add('R1');
    const live = registrars.filter((worker) => worker.key === key && worker.running);
    if (live.length > 0 && !live.some((worker) => isCurrent(worker, kv))) unmet.add('R2');
  }
  for (const of of [service, rareService]) {
    const records = store.records(of);
    for (const worker of workers) {
      if (worker.role !== 'viewer' || !worker.running) continue;
      const shown = worker.views.get(of)?.records;
      if (!shown || !same(shown, records)) unmet.add('N5');
      if (shown && [...shown.keys()].some((key) => !store.get(key))) unmet.add('N4');
    }
  }
  return unmet;
}

/** Whether the record is that of the worker's current process, and at least as new as its last acknowledged change. */
function isCurrent({ incarnation, turn }: Worker, kv: StoredKv | undefined): boolean {
  const record = kv && recordOf(kv);
  return record?.incarnation === incarnation && record.turn >= turn;
}

function same(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): boolean {
  return a.size === b.size && [...a].every(([key, revision]) => b.get(key) === revision);
}
