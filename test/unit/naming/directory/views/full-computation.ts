import { sortByKey } from '#src/model/index.js';
import type {
  EndpointChange,
  LossProtection,
  Observation,
} from '#src/naming/directory/loss/loss-protection.js';
import type { LossProtectionOptions } from '#src/naming/directory/loss/options.js';
import type { RecordRules } from '#src/naming/directory/union/record-rules.js';
import type { EndpointRecord } from '#src/naming/index.js';

interface Loss {
  readonly record: EndpointRecord;
  confirmableAt: number;
  suspect: boolean;
  readonly readsBefore: number;
}

type Protection = Pick<
  LossProtection,
  'apply' | 'beginRead' | 'confirm' | 'restartProtection' | 'visibleEndpoints' | 'unconfirmed'
>;

/** The rules of one format: each record is of its own. */
const oneFormat: RecordRules = { nameOf: ({ addr }) => addr, rankOf: () => 0 };

/** The rules of loss protection, where each question is answered by going through everything. */
export class FullComputation implements Protection {
  readonly #options: Required<LossProtectionOptions>;
  readonly #rules: RecordRules;
  readonly #isUnion: boolean;
  readonly #severalPrefixes: boolean;
  #present = new Map<string, EndpointRecord>();
  #unconfirmed: Loss[] = [];
  #recent: Loss[] = [];
  #unverified: Loss[] = [];
  #reads = 0;

  constructor(options: Required<LossProtectionOptions>, rules?: RecordRules, severalPrefixes = false) {
    this.#options = options;
    this.#severalPrefixes = severalPrefixes;
    this.#rules = rules ?? oneFormat;
    this.#isUnion = rules !== undefined;
  }

  get unconfirmed(): ReadonlySet<string> {
    const visible = new Set(this.visibleEndpoints().map(({ key }) => key));
    return new Set(this.#kept.map(({ record }) => record.key).filter((key) => visible.has(key)));
  }

  visibleEndpoints(): EndpointRecord[] {
    const { nameOf, rankOf } = this.#rules;
    const all = [...this.#present.values(), ...this.#kept.map(({ record }) => record)];
    const isPreferred = (one: EndpointRecord) =>
      all.every((other) => nameOf(other) !== nameOf(one) || rankOf(other) >= rankOf(one));
    return sortByKey(all.filter(isPreferred));
  }

  get #kept(): Loss[] {
    return [...this.#unconfirmed, ...this.#unverified];
  }

  /** The number of endpoints: of several formats, those of an address count as one. */
  #count(records: readonly EndpointRecord[]): number {
    return this.#isUnion ? new Set(records.map(this.#rules.nameOf)).size : records.length;
  }

  apply(change: EndpointChange, observation: Observation, now: number): void {
    const { protectionMs, lossThreshold, includeLive } = this.#options;
    const before = this.#present;
    const puts =
      change.type === 'snapshot' ? [...change.endpoints.values()] : [...change.added, ...change.changed];
    this.#present = new Map(change.type === 'snapshot' ? [] : before);
    if (change.type === 'delta') for (const key of change.removed) this.#present.delete(key);
    for (const record of puts) this.#present.set(record.key, record);
    const { nameOf } = this.#rules;
    const isBack = ({ record }: Loss) =>
      puts.some((put) => put.key === record.key || nameOf(put) === nameOf(record));
    this.#unconfirmed = this.#unconfirmed.filter((loss) => !isBack(loss));
    this.#unverified = this.#unverified.filter((loss) => !isBack(loss));
    this.#recent = this.#recent.filter((loss) => !isBack(loss) && now < loss.confirmableAt + protectionMs);
    const addresses = new Set([...this.#present.values()].map(nameOf));
    const gone = change.type === 'snapshot' ? [...before.keys()] : change.removed;
    const lost = gone.flatMap((key) => {
      const record = before.get(key);
      return record && !this.#present.has(key) && !addresses.has(nameOf(record)) ? [record] : [];
    });
    if (lost.length === 0 || protectionMs === 0) return;
    const suspect = observation !== 'live' || includeLive;
    const losses = lost.map((record) => ({ record, confirmableAt: now, suspect, readsBefore: this.#reads }));
    if (observation === 'after-silence') this.#protect(losses, suspect, now);
    else this.#recent.push(...losses);
    if (this.#severalPrefixes && observation === 'live') this.#unverified.push(...losses);
    const recordsOf = (losses: readonly Loss[]) => losses.map(({ record }) => record);
    const count = this.#count(recordsOf(this.#recent)) + this.#count(recordsOf(this.#unconfirmed));
    if (count < lossThreshold * (this.#count([...this.#present.values()]) + count)) return;
    this.#protect(this.#recent, suspect, now);
  }

  beginRead(): number {
    return ++this.#reads;
  }

  confirm(read: number, now: number): void {
    const isOver = (loss: Loss) => loss.readsBefore < read && loss.confirmableAt <= now;
    this.#unconfirmed = this.#unconfirmed.filter((loss) => !isOver(loss));
    this.#unverified = this.#unverified.filter((loss) => !isOver(loss));
    this.#recent = this.#recent.filter((loss) => loss.suspect || !isOver(loss));
  }

  restartProtection(reachableSince: number): void {
    const losses = this.#kept;
    this.#unconfirmed = [];
    this.#protect(losses, true, reachableSince);
  }

  #protect(losses: readonly Loss[], becameSuspect: boolean, now: number): void {
    const keys = new Set(losses.map(({ record }) => record.key));
    this.#unverified = this.#unverified.filter(({ record }) => !keys.has(record.key));
    this.#recent = this.#recent.filter(({ record }) => !keys.has(record.key));
    for (const loss of losses) {
      const suspect = becameSuspect || loss.suspect;
      const confirmableAt = suspect ? now + this.#options.protectionMs : now;
      this.#unconfirmed.push({ ...loss, suspect, confirmableAt });
    }
  }
}
