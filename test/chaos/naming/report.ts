import type { ProofRun } from '../../support/proof.js';
import type { Fault } from '../faults/fault.js';
import { type CheckedCase, type CheckResult, checkedCases } from './check/check-result.js';
import type { InjectedFault } from './run.js';

export function formatFaults(faults: readonly Fault[], injected: readonly InjectedFault[]): string {
  const lines = faults.map(({ name }) => {
    const own = injected.filter(({ fault }) => fault === name);
    const times = own
      .flatMap(({ convergedMs }) => (convergedMs === undefined ? [] : [convergedMs]))
      .sort((a, b) => a - b);
    const at = (share: number) =>
      ((times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0) / 1_000).toFixed(2);
    const effectiveCount = own.filter(({ effective }) => effective).length;
    return `${name.padEnd(20)} ${String(own.length).padStart(5)} ${String(effectiveCount).padStart(5)}   ${at(0.5)} ${at(0.99)} ${at(1)}`;
  });
  return ['fault                drawn effective converged after p50, p99, max (s)', ...lines].join('\n');
}

export function formatCheckedCases({ counts, violations }: CheckResult): string {
  const lines = (Object.entries(checkedCases) as [CheckedCase, string][]).map(
    ([name, what]) => `${name.padEnd(28)} ${String(counts[name] ?? 0).padStart(7)}   ${what}`,
  );
  return ['property                     checked', ...lines, `${violations.length} violations`].join('\n');
}

export function toProof(
  injected: readonly InjectedFault[],
  { counts, violations }: CheckResult,
): Pick<ProofRun, 'figures' | 'tables'> {
  const times = injected.flatMap(({ convergedMs }) => convergedMs ?? []).sort((a, b) => a - b);
  const at = (share: number) => `${((times[Math.ceil(share * times.length) - 1] ?? 0) / 1_000).toFixed(2)} s`;
  return {
    figures: {
      faults: injected.filter(({ effective }) => effective).length,
      convergedMedian: at(0.5),
      convergedMax: at(1),
      violations: violations.length,
    },
    tables: {
      cases: {
        columns: ['Property', 'Cases', 'What is checked'],
        rows: (Object.entries(checkedCases) as [CheckedCase, string][]).map(([name, what]) => [
          name,
          counts[name] ?? 0,
          what,
        ]),
      },
    },
  };
}

const maxShown = 5;

/** The first violations of each property, and the number of the others. */
export function formatViolations({ violations }: CheckResult): string {
  const lines: string[] = [];
  for (const property of new Set(violations.map((one) => one.property))) {
    const own = violations.filter((one) => one.property === property);
    for (const { text } of own.slice(0, maxShown)) lines.push(`VIOLATION of ${property}: ${text}`);
    if (own.length > maxShown) lines.push(`  and ${own.length - maxShown} more of ${property}`);
  }
  return lines.join('\n');
}

/** Cases that never occurred: the run has proven nothing about them. */
export function inconclusiveReasons({ counts }: CheckResult): string[] {
  const missing = (Object.keys(checkedCases) as CheckedCase[]).filter((name) => !counts[name]);
  return missing.map((name) => {
    const [property, ...what] = name.split(' ');
    return `there were no ${what.join(' ')} to check ${property} on`;
  });
}
