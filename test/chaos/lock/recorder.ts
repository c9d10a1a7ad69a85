import { nowMs } from '../naming/clock.js';
import { StoreJournal } from '../naming/history-recorder.js';
import type { Holding, Limits, LockFact, ObservationFact, RequestFact, SavedLockHistory } from './history.js';
import { isInQueue } from './log-keys.js';
import type { Report, WorkerConfig } from './messages.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenHolding = Omit<Mutable<Holding>, 'writes'> & { writes: Holding['writes'][number][] };
export type OpenRequest = Omit<Mutable<RequestFact>, 'keys' | 'holding'> & {
  keys: RequestFact['keys'][number][];
  holding?: OpenHolding;
};

/** The worker that a report comes from. */
export interface Reporter {
  readonly name: string;
  readonly incarnation: string;
  readonly config: Pick<WorkerConfig, 'system' | 'role'>;
}

/** Turns the reports of the workers into a history. */
export class Recorder {
  readonly journal = new StoreJournal();
  readonly limits: Limits;
  readonly #facts: LockFact[] = [];
  readonly #requests = new Map<string, OpenRequest>();
  readonly #open = new Map<string, Set<OpenRequest>>();
  /** By observer and name: what it saw last. */
  readonly #views = new Map<string, ObservationFact>();

  constructor(limits: Limits) {
    this.limits = limits;
  }

  add(fact: LockFact): void {
    this.#facts.push(fact);
  }

  /** The requests of a process that have not failed and are not released. */
  openOf(incarnation: string): readonly OpenRequest[] {
    const open = [...(this.#open.get(incarnation) ?? [])].filter(
      ({ failed, holding }) => !failed && !holding?.released && !holding?.lost,
    );
    this.#open.set(incarnation, new Set(open));
    return open;
  }

  get acquired(): number {
    return [...this.#requests.values()].filter(({ holding }) => holding).length;
  }

  viewOf(observer: string, name: string): ObservationFact | undefined {
    return this.#views.get(`${observer} ${name}`);
  }

  end(): SavedLockHistory {
    this.add({ kind: 'end', at: nowMs() });
    return { limits: this.limits, stored: this.journal.facts, facts: [...this.#facts] };
  }

  onReport(reporter: Reporter, report: Report): void {
    switch (report.type) {
      case 'waiting':
        this.#begin(reporter, report);
        return;
      case 'observing':
        this.#observe(reporter, report, 'beginning');
        return;
      case 'blind':
        this.#observe(reporter, report, { error: report.error });
        return;
      case 'observed':
        this.#observe(reporter, report, report.leader ? toSeen(report.leader) : 'none');
        return;
      case 'drained':
        return;
      default: {
        const request = this.#requests.get(`${reporter.incarnation}/${report.request}`);
        if (!request) throw new Error(`${reporter.incarnation} reports an unknown request`);
        applyReport(request, report);
      }
    }
  }

  #begin({ name: worker, incarnation, config }: Reporter, report: Report & { type: 'waiting' }): void {
    if (config.role === 'observer') throw new Error('an observer makes no request');
    const { system, role } = config;
    const id = `${incarnation}/${report.request}`;
    const at = { name: report.name, waitingAt: report.at };
    const request: OpenRequest = { kind: 'request', id, system, role, worker, incarnation, ...at, keys: [] };
    this.#requests.set(id, request);
    this.#open.set(incarnation, (this.#open.get(incarnation) ?? new Set()).add(request));
    this.add(request);
  }

  #observe(
    { name: worker, incarnation: observer }: Reporter,
    { name, at }: { readonly name: string; readonly at: number },
    saw: ObservationFact['saw'],
  ): void {
    const fact: ObservationFact = { kind: 'observation', observer, worker, name, at, saw };
    this.add(fact);
    if (saw !== 'beginning') this.#views.set(`${observer} ${name}`, fact);
  }
}

function toSeen(leader: NonNullable<(Report & { type: 'observed' })['leader']>) {
  const { createRevision, modRevision } = leader;
  return { ...leader, createRevision: BigInt(createRevision), modRevision: BigInt(modRevision) };
}

type RequestReport = Exclude<Extract<Report, { request: number }>, { type: 'waiting' }>;

function applyReport(request: OpenRequest, report: RequestReport): void {
  const { holding } = request;
  switch (report.type) {
    case 'queued':
      if (holding || request.failed) return; // a key that is put later is not that of this request
      if (isInQueue(request.system, request.name, report.key) && request.keys.at(-1)?.key !== report.key)
        request.keys.push({ key: report.key, at: report.at });
      return;
    case 'maybe-queued':
      request.maybeQueuedAt = report.at;
      return;
    case 'failed':
      request.failed = { at: report.at, error: report.error };
      return;
    case 'acquired': {
      const { key, lease, token, at, until } = report;
      const ids = { lease: BigInt(lease), token: token === undefined ? undefined : BigInt(token) };
      request.holding = { key, at, until, ...ids, samples: undefined, writes: [] };
      return;
    }
  }
  if (!holding) throw new Error(`${request.id} reports ${report.type} before it was acquired`);
  switch (report.type) {
    case 'held':
      holding.samples = report;
      return;
    case 'wrote':
      holding.writes.push(report);
      return;
    case 'lost':
      holding.lost = { at: report.at, reason: report.reason };
      return;
    case 'releasing':
      holding.releasingAt = report.at;
      return;
    case 'released':
      holding.released = { at: report.at, error: report.error };
  }
}
