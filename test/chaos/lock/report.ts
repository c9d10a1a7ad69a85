import type { ProofRun } from '../../support/proof.js';
import { type CheckedCase, checkedCases, type Findings, observedCases } from './check/check-result.js';
import { factsOf, faultsOf, type LockHistory } from './history.js';
import type { System } from './messages.js';
import { processFaultNames } from './process-faults.js';
import { sharedFaultNames } from './run.js';

const systems: readonly System[] = ['ours', 'go', 'etcd3'];

/** What a run tested. */
interface Groups {
  readonly systems: readonly System[];
  /** System and role, as the faults of processes name them: `ours/lock`. */
  readonly labels: readonly string[];
}

function groupsOf(history: LockHistory): Groups {
  const labels = new Set(factsOf(history, 'request').map(({ system, role }) => `${system}/${role}`));
  const own = systems.filter((system) => [...labels].some((label) => label.startsWith(`${system}/`)));
  return { systems: own, labels: [...labels].sort() };
}

/** Each fault, how often it was injected and how often it had its effect; by group, if it is of a group. */
export function formatFaults(history: LockHistory): string {
  const { labels } = groupsOf(history);
  const counted = (name: string, label = '') => {
    const own = faultsOf(history).filter((fault) => fault.name === name && fault.target.startsWith(label));
    return `${own.length}/${own.filter(({ effective }) => effective).length}`;
  };
  return [
    'faults, injected/effective',
    ...sharedFaultNames.map((name) => row(name, [counted(name)])),
    row('of processes and keys', labels),
    ...processFaultNames().map((name) =>
      row(
        name,
        labels.map((label) => counted(name, `${label} `)),
      ),
    ),
  ].join('\n');
}

/** What happened, by group. */
export function formatTraffic(history: LockHistory): string {
  const { labels } = groupsOf(history);
  const requests = factsOf(history, 'request');
  const of = (label: string) => requests.filter(({ system, role }) => `${system}/${role}` === label);
  const count = (what: string, is: (request: (typeof requests)[number]) => unknown) =>
    row(
      what,
      labels.map((label) => of(label).filter(is).length),
    );
  return [
    row('', labels),
    count('requests', () => true),
    count('acquired', ({ holding }) => holding),
    count('released', ({ holding }) => holding?.released),
    count('lost', ({ holding }) => holding?.lost),
    count('failed', ({ failed }) => failed),
    count('queued again', ({ keys }) => keys.length > 1),
  ].join('\n');
}

export function formatCases(found: Findings, history: LockHistory): string {
  const own = groupsOf(history).systems;
  const cases = Object.entries({ ...checkedCases, ...observedCases }) as [CheckedCase, string][];
  return [
    row('checked', own),
    ...cases.map(
      ([name, what]) =>
        `${row(
          name,
          own.map((system) => found.countOf(system, name)),
        )}   ${what}`,
    ),
  ].join('\n');
}

/** The figures of this package, and its cases. */
export function toProof(found: Findings, history: LockHistory): Pick<ProofRun, 'figures' | 'tables'> {
  const requests = factsOf(history, 'request').filter(({ system }) => system === 'ours');
  const acquired = (wanted: string) =>
    requests.filter(({ role, holding }) => role === wanted && holding !== undefined).length;
  const cases = Object.entries({ ...checkedCases, ...observedCases }) as [CheckedCase, string][];
  return {
    figures: {
      faults: faultsOf(history).filter(({ effective }) => effective).length,
      locksAcquired: acquired('lock'),
      terms: acquired('election'),
      violations: found.violations.filter(({ system }) => system === 'ours').length,
    },
    tables: {
      cases: {
        columns: ['Property', 'Cases', 'What is checked'],
        rows: cases.map(([name, what]) => [name, found.countOf('ours', name), what]),
      },
    },
  };
}

/** Violations of each property, by system. */
export function formatViolationCounts({ violations }: Findings, history: LockHistory): string {
  const own = groupsOf(history).systems;
  const properties = [...new Set(violations.map(({ property }) => property))].sort();
  const count = (property: string, system: System) =>
    violations.filter((one) => one.property === property && one.system === system).length;
  return [
    row('violations', own),
    ...properties.map((property) =>
      row(
        property,
        own.map((system) => count(property, system)),
      ),
    ),
    row(
      'all',
      own.map((system) => violations.filter((one) => one.system === system).length),
    ),
  ].join('\n');
}

/** The first violations of each property by a system. */
export function formatViolations({ violations }: Findings, system: System, maxShown: number): string {
  const own = violations.filter((one) => one.system === system);
  const lines = [...new Set(own.map(({ property }) => property))].sort().flatMap((property) => {
    const all = own.filter((one) => one.property === property);
    const shown = all.slice(0, maxShown).map(({ text }) => `${property} of ${system}: ${text}`);
    return all.length > maxShown ? [...shown, `  and ${all.length - maxShown} more of ${property}`] : shown;
  });
  return lines.join('\n');
}

/** Faults without an effect and cases of ours that never occurred: the run has proven nothing about them. */
export function inconclusiveReasons(found: Findings, history: LockHistory): string[] {
  const { labels } = groupsOf(history);
  const faults = faultsOf(history).filter(({ effective }) => effective);
  const lacks = (name: string, label = '') =>
    !faults.some((fault) => fault.name === name && fault.target.startsWith(label));
  const shared = sharedFaultNames.filter((name) => lacks(name));
  const own = labels
    .filter((label) => label.startsWith('ours/'))
    .flatMap((label) =>
      processFaultNames()
        .filter((name) => lacks(name, `${label} `))
        .map((name) => `${name} of ${label}`),
    );
  const cases = { ...checkedCases, ...(labels.includes('ours/election') ? observedCases : {}) };
  const missing = (Object.keys(cases) as CheckedCase[]).filter((name) => found.countOf('ours', name) === 0);
  return [
    ...[...shared, ...own].map((name) => `${name} had no effect`),
    ...missing.map((name) => `there were no ${name.slice(3)} to check ${name.slice(0, 2)} on`),
  ];
}

function row(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(24) + cells.map((cell) => String(cell).padStart(14)).join('');
}
