import type { ClientReport } from './findings.js';
import type { ClientEnd } from './process.js';

/** Limits on the client's resources. */
export interface ClientLimits {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** The longest time in which the event loop is blocked. */
  readonly delayMs: number;
}

/** Why the end of the process is a failure; empty for an exit with a report. */
export function judgeEnd({ end, stderr, report }: ClientEnd): readonly string[] {
  if (end === 'late') return ['hang: the client does not exit'];
  if (end !== '0') return [`crash: the client exited with ${end}: ${stderr}`];
  return report ? [] : ['crash: the client exited without a report'];
}

/** What the client found, and which limits it exceeded. */
export function judgeReport(report: ClientReport, limits: ClientLimits): readonly string[] {
  return [
    ...report.failures,
    ...above('memory, MiB', report.peakRssMiB, limits.rssMiB),
    ...above('heap, MiB', report.peakHeapMiB, limits.heapMiB),
    ...above('event loop delay, ms', Math.min(report.worstDelayMs, report.worstBusyMs), limits.delayMs),
  ];
}

/** One failure if the value is above the limit. */
export function above(what: string, value: number, limit: number): readonly string[] {
  return value > limit ? [`${what}: ${value}, the limit is ${limit}`] : [];
}

export function describeReport({ outcomes, ...report }: ClientReport): readonly string[] {
  const counts = Object.entries(outcomes).map(([name, count]) => `${name} ${count}`);
  return [
    `peak memory ${report.peakRssMiB} MiB, heap ${report.peakHeapMiB} MiB; maximum event loop delay ${report.worstDelayMs} ms, ${report.worstBusyMs} ms of CPU time at once; ${report.cpuSeconds} s of CPU time`,
    `outcomes: ${counts.join(', ')}`,
  ];
}
