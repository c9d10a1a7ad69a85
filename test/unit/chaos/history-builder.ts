import { isWrite } from '../../chaos/check/writes.js';
import type {
  Fact,
  History,
  LeaseFact,
  Operation,
  Outcome,
  Result,
  StoredKv,
  TruthEvent,
  TxnStep,
} from '../../chaos/history.js';

type Change =
  | { readonly put: string; readonly value: string; readonly lease?: bigint }
  | { readonly delete: string };
type Status = readonly [code: number, text: string];

interface Timing {
  /** Default: consecutive calls of ten milliseconds each. */
  readonly from?: number;
  readonly to?: number;
  /** The statuses of its attempts. Default: one status that fits the outcome. */
  readonly statuses?: readonly Status[];
}

export const ambiguous: Outcome = {
  type: 'info',
  error: { name: 'AmbiguousWriteError', code: 4, text: 'not answered in time' },
};

export const failed: Outcome = {
  type: 'fail',
  error: { name: 'EtcdError', code: 14, text: 'etcdserver: no leader' },
};

const defaultStatus: Readonly<Record<Outcome['type'], Status>> = {
  ok: [0, ''],
  info: [4, 'Deadline exceeded'],
  fail: [14, 'etcdserver: no leader'],
};

/** Builds a history: a small correct store, and clients that receive the answers that the test chooses. */
export class HistoryBuilder {
  readonly facts: Fact[] = [];
  now = 0;
  revision = 1n;
  readonly #store = new Map<string, StoredKv>();
  #ids = 0;

  /** Changes the store in one revision. */
  apply(...changes: Change[]): bigint {
    this.revision++;
    const events = changes.map((change) => this.#event(change));
    this.facts.push({ kind: 'truth', revision: this.revision, at: this.now, events });
    return this.revision;
  }

  state(key: string): StoredKv | undefined {
    return this.#store.get(key);
  }

  op(op: Operation, outcome: Outcome | Result, timing: Timing = {}): number {
    const id = this.#ids++;
    const from = timing.from ?? this.now + 5;
    const to = timing.to ?? from + 5;
    this.now = Math.max(this.now, to);
    const completed: Outcome = isOutcome(outcome) ? outcome : { type: 'ok', result: outcome };
    const statuses = timing.statuses ?? (isWrite(op) ? [defaultStatus[completed.type]] : []);
    for (const [i, [code, text]] of statuses.entries()) {
      const sentAt = from + i;
      this.facts.push({ kind: 'attempt', op: id, rpc: 'Put', sentAt, endedAt: sentAt + 1, code, text });
    }
    this.facts.push({
      kind: 'op',
      id,
      client: 'c',
      op,
      invokedAt: from,
      completedAt: to,
      outcome: completed,
    });
    return id;
  }

  /** A put that is applied and acknowledged. */
  put(key: string, value: string, timing?: Timing): bigint {
    const revision = this.apply({ put: key, value });
    this.op({ type: 'put', key, value, lease: 0n }, { type: 'put', revision }, timing);
    return revision;
  }

  /** A put that is acknowledged, but not applied unless the test does so. */
  acknowledgedPut(key: string, value: string, revision: bigint, timing?: Timing): void {
    this.op({ type: 'put', key, value, lease: 0n }, { type: 'put', revision }, timing);
  }

  /** A put that has no answer, or is refused. */
  lostPut(key: string, value: string, outcome: Outcome = ambiguous, timing?: Timing): void {
    this.op({ type: 'put', key, value, lease: 0n }, outcome, timing);
  }

  delete(key: string): bigint {
    const deleted = this.#store.has(key) ? 1n : 0n;
    const revision = deleted > 0n ? this.apply({ delete: key }) : this.revision;
    this.op({ type: 'delete', key }, { type: 'delete', revision, deleted });
    return revision;
  }

  get(key: string, serializable = false): void {
    const kv = this.state(key);
    this.answeredGet(key, kv ? [kv] : [], this.revision, serializable);
  }

  answeredGet(
    key: string,
    kvs: readonly StoredKv[],
    revision: bigint,
    serializable = false,
    timing?: Timing,
  ): void {
    this.op({ type: 'get', key, serializable }, { type: 'read', revision, kvs }, timing);
  }

  /** A lease of three seconds, granted now and held from the answer on. Returns its id. */
  hold(answerMs = 10): bigint {
    const lease = BigInt(this.#ids + 100);
    const op = this.#ids++;
    const at = this.now;
    const [granting, granted] = [at, at + answerMs];
    this.facts.push(
      {
        kind: 'attempt',
        op,
        rpc: 'LeaseGrant',
        sentAt: granting,
        endedAt: granted,
        code: 0,
        text: '',
        lease,
      },
      {
        kind: 'op',
        id: op,
        client: 'c',
        op: { type: 'grant', ttlSeconds: 3 },
        invokedAt: at,
        completedAt: granted,
        outcome: { type: 'ok', result: { type: 'granted', lease, ttlSeconds: 3 } },
      },
      { kind: 'lease', type: 'acquired', client: 'c', lease, ttlSeconds: 3, op, at: granted },
    );
    this.now = granted;
    return lease;
  }

  /** A renewal and its answer, which arrives `after` milliseconds later. A TTL of 0 means that the lease does not exist. */
  renew(
    lease: bigint,
    at: number,
    answer: { readonly after?: number; readonly ttlSeconds?: number } | null = {},
  ): void {
    this.facts.push({ kind: 'renewal', direction: 'sent', stream: 1, lease, at, ttlSeconds: 0 });
    this.now = at;
    if (!answer) return;
    this.now = at + (answer.after ?? 5);
    const ttlSeconds = answer.ttlSeconds ?? 3;
    this.facts.push({ kind: 'renewal', direction: 'acked', stream: 1, lease, at: this.now, ttlSeconds });
  }

  endLease(lease: bigint, at: number, reason: Extract<LeaseFact, { type: 'ended' }>['reason']): void {
    this.now = at;
    this.facts.push({ kind: 'lease', type: 'ended', lease, reason, at });
  }

  checkHeld(lease: bigint, at: number, held: boolean): void {
    this.now = at;
    this.facts.push({ kind: 'lease', type: 'checked', lease, held, at });
  }

  stall(from: number, to: number): void {
    this.facts.push({ kind: 'stall', from, to });
  }

  fault(from: number, to: number): void {
    this.facts.push({
      kind: 'fault',
      name: 'blackhole',
      target: 'c',
      clients: ['c'],
      from,
      to,
      effective: true,
    });
  }

  /** Ends the history with the final state of the members. Default: that of the store. */
  end(overrides: Partial<Extract<Fact, { kind: 'final' }>> = {}): History {
    const { revision } = this;
    const kvs = [...this.#store.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const hashes = ['m0', 'm1', 'm2'].map((member) => ({ member, revision, hash: 'same' }));
    this.facts.push({ kind: 'final', revision, kvs, hashes, leases: [], ...overrides });
    return this.facts;
  }

  #event(change: Change): TruthEvent {
    if ('delete' in change) {
      this.#store.delete(change.delete);
      return { type: 'delete', key: change.delete };
    }
    const { put: key, value, lease = 0n } = change;
    const old = this.#store.get(key);
    const modRevision = this.revision;
    const createRevision = old?.createRevision ?? modRevision;
    const kv = { key, value, createRevision, modRevision, version: (old?.version ?? 0n) + 1n, lease };
    this.#store.set(key, kv);
    return { type: 'put', kv };
  }
}

export function putStep(key: string, value: string): TxnStep {
  return { type: 'put', key, value, lease: 0n };
}

function isOutcome(answer: Outcome | Result): answer is Outcome {
  return answer.type === 'ok' || answer.type === 'fail' || answer.type === 'info';
}
