import type { Shared } from './clients.js';
import type { OperationCount } from './recorder.js';
import type { TrafficOptions } from './run.js';
import type { WatchCounts } from './watch-traffic.js';

/** The file in the folder of a run that contains its summary. */
export const summaryFile = 'traffic.json';

/** What happened in a run, as the process of the traffic writes it to its folder. */
export interface TrafficSummary {
  readonly version: string;
  readonly seed: number;
  readonly seconds: number;
  /** By kind. */
  readonly operations: Readonly<Record<string, OperationCount>>;
  readonly revisions: number;
  readonly watch: WatchCounts;
  readonly faults: readonly FaultCount[];
  /** Clients with a long watch that had not received the last write half a minute after it. */
  readonly late: readonly string[];
}

export interface FaultCount {
  readonly name: string;
  readonly drawn: number;
  readonly effective: number;
}

export function summarize(
  { version, seed, seconds }: TrafficOptions,
  { recorder, watchCounts }: Shared,
  late: readonly string[],
): TrafficSummary {
  return {
    ...{ version, seed, seconds, late },
    operations: Object.fromEntries(recorder.operations),
    revisions: Number(recorder.lastRevision),
    watch: watchCounts,
    faults: countFaults(recorder.faults),
  };
}

function countFaults(
  faults: readonly { readonly name: string; readonly effective: boolean }[],
): FaultCount[] {
  const names = [...new Set(faults.map(({ name }) => name))].sort();
  return names.map((name) => {
    const own = faults.filter((fault) => fault.name === name);
    return { name, drawn: own.length, effective: own.filter(({ effective }) => effective).length };
  });
}

export function totalOf(
  { operations }: Pick<TrafficSummary, 'operations'>,
  outcome: keyof OperationCount,
): number {
  return Object.values(operations).reduce((sum, count) => sum + count[outcome], 0);
}
