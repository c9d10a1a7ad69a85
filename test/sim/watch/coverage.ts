import type { FaultKind } from './schedule.js';
import { faultKinds } from './schedule.js';
import { phases, type WatcherModel } from './watcher-model.js';

/** Cells that no schedule can cover, with the reason. */
const onStream = 'the watcher has no stream';
const impossible = new Map<string, string>();
for (const fault of ['cut', 'cut-later', 'blackhole', 'stuck', 'silent', 'oversized'] as const) {
  for (const phase of ['pinning', 'waiting', 'paused', 'retrying', 'token-wait'] as const) {
    impossible.set(`${fault} ${phase}`, onStream);
  }
}
for (const fault of ['cancel-live', 'resend', 'corrupt'] as const) {
  for (const phase of ['pinning', 'waiting', 'creating', 'paused', 'retrying', 'token-wait'] as const) {
    impossible.set(`${fault} ${phase}`, 'the server has no such watcher');
  }
}

/** Counts how often each fault hit a watcher in each phase. */
export class Coverage {
  readonly hits: Record<string, number> = {};

  hit(fault: FaultKind, watchers: Iterable<WatcherModel>): void {
    for (const { phase } of watchers) {
      if (phase === 'over') continue;
      const cell = `${fault} ${phase}`;
      this.hits[cell] = (this.hits[cell] ?? 0) + 1;
    }
  }

  add(hits: Readonly<Record<string, number>>): void {
    for (const [cell, count] of Object.entries(hits)) this.hits[cell] = (this.hits[cell] ?? 0) + count;
  }

  /** Cells that can be covered and were not. */
  get uncovered(): string[] {
    return cells().filter((cell) => !impossible.has(cell) && !this.hits[cell]);
  }

  table(): string {
    const width = Math.max(...faultKinds.map((fault) => fault.length)) + 2;
    const row = (name: string, values: readonly string[]) =>
      name.padEnd(width) + values.map((value) => value.padStart(13)).join('');
    const lines = [row('', [...phases])];
    for (const fault of faultKinds) {
      const value = (cell: string) => (impossible.has(cell) ? '-' : String(this.hits[cell] ?? 0));
      lines.push(
        row(
          fault,
          phases.map((phase) => value(`${fault} ${phase}`)),
        ),
      );
    }
    const reasons = new Map<string, Set<string>>();
    for (const [cell, reason] of impossible) {
      const [fault = ''] = cell.split(' ');
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(fault));
    }
    for (const [reason, faults] of reasons) lines.push(`-: ${[...faults].join(', ')}: ${reason}`);
    return lines.join('\n');
  }
}

function cells(): string[] {
  return faultKinds.flatMap((fault) => phases.map((phase) => `${fault} ${phase}`));
}
