import { recordProof } from '../../support/proof.js';
import { parseSettings, type Settings } from '../settings.js';
import type { RunResult } from './outcome.js';
import { isKnown, lengthColumns, lengthRows, slopeColumns, slopeRow } from './slopes.js';

/** The command that repeats a run: the load too, if it is not the usual one. */
export function commandOf(settings: Settings): string {
  const { hours, seed } = settings;
  const usual = parseSettings([]);
  const load = [
    ['--calls', 'callsPerSecond'],
    ['--events', 'eventsPerSecond'],
    ['--fault-seconds', 'faultSeconds'],
  ] as const;
  const changed = load.flatMap(([option, name]) =>
    settings[name] === usual[name] ? [] : [`${option} ${settings[name]}`],
  );
  return [`npm run soak -- --hours ${hours} --seed ${seed}`, ...changed].join(' ');
}

/** Writes docs/proof/soak.json; returns its path. */
export function record(
  settings: Settings,
  result: RunResult,
  run: { readonly etcd: string; readonly passed: boolean; readonly samples: number },
): Promise<string> {
  const { counts, faults, slopes } = result;
  const sum = (of: 'injected' | 'effective') =>
    [...faults.values()].reduce((total, fault) => total + fault[of], 0);
  const heap = slopes.find(({ limit }) => limit.series === 'heap');
  return recordProof('soak', {
    command: commandOf(settings),
    passed: run.passed,
    etcd: [run.etcd],
    figures: {
      hours: Number(result.hours.toFixed(2)),
      samples: run.samples,
      heapSlope: heap ? `${slopeRow(heap)[1]}/h` : 'unknown',
      heapInterval: heap ? `${slopeRow(heap)[2]}/h` : 'unknown',
      heapVerdict: heap ? `${slopeRow(heap)[5]}` : 'unknown',
      callsOk: counts.callsOk,
      callsFailed: counts.callsFailed,
      callsAmbiguous: counts.callsAmbiguous,
      channelCalls: counts.rpcsOk,
      channelCallsFailed: counts.rpcsFailed,
      eventsWritten: counts.eventsWritten,
      eventsMissed: counts.eventsMissed,
      eventsDuplicated: counts.eventsDuplicated,
      locksAcquired: counts.locksAcquired,
      termsWon: counts.termsWon,
      registrationChecks: counts.registrationChecks,
      shortWatches: counts.watchersChurned,
      shortClients: counts.clientsChurned,
      shortChannels: counts.channelsChurned,
      shortEndpoints: counts.endpointsChurned,
      shortPickers: counts.pickersChurned,
      faultsInjected: sum('injected'),
      faultsEffective: sum('effective'),
      notReturned: result.problems.length,
    },
    tables: {
      slopes: { columns: slopeColumns, rows: slopes.map(slopeRow) },
      ...(heap && isKnown(heap) ? { lengths: { columns: lengthColumns, rows: lengthRows(heap) } } : {}),
      faults: {
        columns: ['fault', 'injected', 'effective'],
        rows: [...faults].map(([name, { injected, effective }]) => [name, injected, effective]),
      },
    },
  });
}
