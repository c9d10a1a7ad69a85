import { nowMs } from '../naming/clock.js';
import { causeOf, type Kill, wasInFlight } from './causes.js';
import type { FailedCall, Report } from './messages.js';

/** The effect of one fault, or what happened while none was active. */
export interface FaultRow {
  happened: number;
  calls: number;
  inFlight: number;
  failed: number;
  fewest: number;
  /** Longest time from the end of the fault until all callers saw all servers. */
  settledMs: number;
}

export interface CallerRow {
  calls: number;
  failed: number;
  fewest: number;
}

/** Counts calls, failures and views by fault, by cause and by caller. */
export class Tally {
  readonly faults = new Map<string, FaultRow>();
  readonly callers = new Map<string, CallerRow>();
  /** Failed calls by fault and cause. */
  readonly causes = new Map<string, number>();
  readonly rejectedUpdates = new Map<string, number>();
  readonly stepFailures: string[] = [];
  readonly kills: Kill[] = [];
  updates = 0;
  readonly #phases: { readonly fault: string; readonly phase: string; readonly at: number }[] = [];

  /** Attributes everything from now on to this fault. */
  beginPhase(fault: string, phase: string): void {
    this.#phases.push({ fault, phase, at: nowMs() });
  }

  row(fault: string): FaultRow {
    return entry(this.faults, fault, () => ({
      happened: 0,
      calls: 0,
      inFlight: 0,
      failed: 0,
      fewest: Number.POSITIVE_INFINITY,
      settledMs: 0,
    }));
  }

  caller(name: string): CallerRow {
    return entry(this.callers, name, () => ({ calls: 0, failed: 0, fewest: Number.POSITIVE_INFINITY }));
  }

  record(report: Report): void {
    switch (report.type) {
      case 'calls':
        this.#count(report);
        return;
      case 'failed':
        this.#fail(report);
        return;
      case 'killing':
        this.kills.push(report);
        return;
      case 'updates':
        this.updates += report.count;
        return;
      case 'rejected-update':
        add(this.rejectedUpdates, report.error);
        return;
      case 'failure':
        this.stepFailures.push(report.text);
        return;
      case 'ready':
      case 'registered':
      case 'rolled':
      case 'restarted':
      case 'view':
        return; // handled elsewhere
    }
  }

  get made(): number {
    return sum(this.callers, ({ calls }) => calls);
  }

  get failed(): number {
    return sum(this.callers, ({ failed }) => failed);
  }

  get inFlight(): number {
    return sum(this.faults, ({ inFlight }) => inFlight);
  }

  get fewest(): number {
    return Math.min(...[...this.callers.values()].map(({ fewest }) => fewest));
  }

  #count({ caller, made, fewest = Number.POSITIVE_INFINITY }: Report & { type: 'calls' }): void {
    const [of, row] = [this.caller(caller), this.row(this.#at(nowMs()).fault)];
    of.calls += made;
    row.calls += made;
    of.fewest = Math.min(of.fewest, fewest);
    row.fewest = Math.min(row.fewest, fewest);
  }

  #fail(call: FailedCall): void {
    const { fault, phase } = this.#at(call.endedAt);
    const row = this.row(fault);
    if (wasInFlight(call, this.kills)) {
      row.inFlight++;
      return;
    }
    row.failed++;
    this.caller(call.caller).failed++;
    add(this.causes, `${phase} ${fault}: ${causeOf(call)} [${call.caller.replace(/\d+$/, '')}]`);
  }

  #at(time: number): { readonly fault: string; readonly phase: string } {
    return this.#phases.filter(({ at }) => at <= time).at(-1) ?? { fault: '(start)', phase: 'at' };
  }
}

function entry<T>(of: Map<string, T>, name: string, make: () => T): T {
  const found = of.get(name) ?? make();
  of.set(name, found);
  return found;
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sum<T>(of: ReadonlyMap<string, T>, value: (row: T) => number): number {
  return [...of.values()].reduce((total, row) => total + value(row), 0);
}
