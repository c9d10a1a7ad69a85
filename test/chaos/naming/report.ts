import type { Fault } from '../faults/world.js';
import { type Aspect, aspects, type Verdict } from './check/verdict.js';
import type { Blow } from './run.js';

export function faultTable(faults: readonly Fault[], blows: readonly Blow[]): string {
  const lines = faults.map(({ name }) => {
    const own = blows.filter(({ fault }) => fault === name);
    const times = own
      .flatMap(({ mendedMs }) => (mendedMs === undefined ? [] : [mendedMs]))
      .sort((a, b) => a - b);
    const at = (share: number) =>
      ((times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0) / 1_000).toFixed(2);
    const hits = own.filter(({ hit }) => hit).length;
    return `${name.padEnd(20)} ${String(own.length).padStart(5)} ${String(hits).padStart(5)}   ${at(0.5)} ${at(0.99)} ${at(1)}`;
  });
  return ['fault                drawn   hit   well again after p50, p99, max (s)', ...lines].join('\n');
}

export function promiseTable({ seen, violations }: Verdict): string {
  const lines = (Object.entries(aspects) as [Aspect, string][]).map(
    ([aspect, what]) => `${aspect.padEnd(28)} ${String(seen[aspect] ?? 0).padStart(7)}   ${what}`,
  );
  return ['promise                      checked', ...lines, `${violations.length} violations`].join('\n');
}

const mostShown = 5;

/** The first of each promise's, and how many there are. */
export function explain({ violations }: Verdict): string {
  const lines: string[] = [];
  for (const promise of new Set(violations.map((one) => one.promise))) {
    const own = violations.filter((one) => one.promise === promise);
    for (const { text } of own.slice(0, mostShown)) lines.push(`VIOLATION of ${promise}: ${text}`);
    if (own.length > mostShown) lines.push(`  and ${own.length - mostShown} more of ${promise}`);
  }
  return lines.join('\n');
}

/** Promises that there was nothing to check on: the run has proven nothing of them. */
export function voidReasons({ seen }: Verdict): string[] {
  const unseen = (Object.keys(aspects) as Aspect[]).filter((aspect) => !seen[aspect]);
  return unseen.map((aspect) => {
    const [promise, ...what] = aspect.split(' ');
    return `there were no ${what.join(' ')} to check ${promise} on`;
  });
}
