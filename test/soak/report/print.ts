import type { Run } from '../run.js';
import type { Sample } from '../samples.js';
import type { RunResult } from './outcome.js';
import { isKnown, lengthColumns, lengthRows, slopeColumns, slopeRow } from './slopes.js';
import { toTable } from './table.js';

/** A line a minute. */
export function progressLine(run: Run): string {
  const { last } = run;
  const minutes = (run.elapsedHours * 60).toFixed(0).padStart(4);
  if (!last) return `${minutes} min`;
  const { process, gauges, counts } = last;
  return [
    `${minutes} min`,
    `heap ${toMb(process.heapBytes)} MB`,
    `RSS ${toMb(process.rssBytes)} MB`,
    `${process.descriptors} descriptors`,
    `${gauges.watchers} watchers`,
    `${gauges.leases} leases`,
    `calls ${counts.callsOk} ok, ${counts.callsFailed} failed, ${counts.callsAmbiguous} ambiguous`,
    `events ${counts.eventsSeen}`,
    `${run.faultMarks.length} faults`,
  ].join(', ');
}

export function summary(result: RunResult): string {
  const heap = result.slopes.find(({ limit }) => limit.series === 'heap');
  const counts = Object.entries(result.counts).map(([name, count]) => [name, String(count)]);
  const faults = [...result.faults].map(([name, { injected, effective }]) => [
    name,
    String(injected),
    String(effective),
  ]);
  return [
    toTable(['fault', 'injected', 'effective'], faults),
    toTable(['count', ''], counts),
    toTable(slopeColumns, result.slopes.map(slopeRow)),
    ...(heap && isKnown(heap)
      ? [`With the noise of this run:\n${toTable(lengthColumns, lengthRows(heap))}`]
      : []),
  ].join('\n\n');
}

function toMb(bytes: Sample['process']['heapBytes']): string {
  return (bytes / 1e6).toFixed(1);
}
