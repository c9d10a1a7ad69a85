import type { ProofRun } from '../../support/proof.js';
import type { Tally } from './tally.js';

export function progressLine(tally: Tally, seconds: number): string {
  const happened = [...tally.faults.values()].reduce((total, row) => total + row.happened, 0);
  return `${seconds.toFixed(0)} s: ${happened} faults, ${tally.made} calls, ${tally.failed} failed, ${tally.inFlight} in flight on killed servers, fewest endpoints ${tally.fewest}`;
}

export function summary(tally: Tally): string {
  const width = Math.max(...[...tally.faults.keys(), 'fault'].map(({ length }) => length));
  const cells = (...of: (string | number)[]) => of.map((cell) => String(cell).padStart(9)).join('');
  const faults = [...tally.faults].map(
    ([name, { happened, calls, failed, inFlight, fewest, settledMs }]) =>
      name.padEnd(width) +
      cells(happened, calls, failed, inFlight, formatFewest(fewest), (settledMs / 1_000).toFixed(1)),
  );
  const callers = [...tally.callers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, { calls, failed, fewest }]) =>
        name.padEnd(width) + cells('', calls, failed, '', formatFewest(fewest)),
    );
  return [
    `${'fault'.padEnd(width)}${cells('happened', 'calls', 'failed', 'killed', 'fewest', 'settled')}`,
    ...faults,
    '',
    `${'caller'.padEnd(width)}${cells('', 'calls', 'failed', '', 'fewest')}`,
    ...callers,
    '',
    `${tally.updates} updates of a weight, rejected: ${formatCounts(tally.rejectedUpdates) || 'none'}`,
    ...(tally.causes.size > 0 ? ['failed calls by cause:'] : []),
    ...[...tally.causes]
      .sort((a, b) => b[1] - a[1])
      .map(([cause, count]) => `${String(count).padStart(7)}  ${cause}`),
    ...tally.stepFailures.map((text) => `STEP FAILED ${text}`),
  ].join('\n');
}

export function toProof(tally: Tally): Pick<ProofRun, 'figures' | 'tables'> {
  const rows = [...tally.faults].filter(([, { happened }]) => happened > 0);
  return {
    figures: {
      faults: rows.reduce((total, [, { happened }]) => total + happened, 0),
      calls: tally.made,
      callsFailed: tally.failed,
      inFlightOnKilledServers: tally.inFlight,
      fewestEndpoints: formatFewest(tally.fewest),
    },
    tables: {
      faults: {
        columns: ['Fault', 'Happened', 'Calls', 'Failed', 'Fewest endpoints', 'Settled after at most'],
        rows: rows.map(([name, { happened, calls, failed, fewest, settledMs }]) => [
          name,
          happened,
          calls,
          failed,
          formatFewest(fewest),
          `${(settledMs / 1_000).toFixed(1)} s`,
        ]),
      },
    },
  };
}

export const legend = `killed: in flight on a killed server; not a failure. fewest: endpoints in any caller's view.
settled: seconds from the end of the fault until every steady caller saw exactly the live servers, maximum.`;

function formatFewest(fewest: number): string | number {
  return Number.isFinite(fewest) ? fewest : '-';
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}
