import type { ProofRun } from '../../support/proof.js';
import type { CellResult } from './cell.js';
import type { Side } from './messages.js';

const titles: Readonly<Record<Side | 'broken', string>> = {
  ours: 'ours',
  go: "Go's `concurrency.Mutex`",
  etcdctl: '`etcdctl lock`',
  server: "the server's Lock RPC",
  broken: 'a broken lock',
};

/** The matrix as a table of Markdown: a row for each holder, a column for each waiter. */
export function toTable(results: readonly CellResult[]): string {
  const columns = [...new Set(results.map(({ plan }) => plan.waiter))];
  const rows = [...new Set(results.map(({ plan }) => plan.holder))].map((holder) => [
    titles[holder],
    ...columns.map((waiter) => {
      const found = results.find(({ plan }) => plan.holder === holder && plan.waiter === waiter);
      return found ? cellText(found) : '';
    }),
  ]);
  const head = ['Holder \\ waiter', ...columns.map((side) => titles[side])];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The figures of the matrix, and its cells: the longest time from a release, and from a kill, to the next holder. */
export function toProof(results: readonly CellResult[]): Pick<ProofRun, 'figures' | 'tables'> {
  const sum = (of: (result: CellResult) => number) => results.reduce((total, one) => total + of(one), 0);
  return {
    figures: {
      rounds: sum(({ rounds }) => rounds),
      kills: sum(({ holdersKilled, waitersKilled }) => holdersKilled + waitersKilled),
      increments: sum(({ increments }) => increments),
      violations: sum(({ violations }) => violations.length),
    },
    tables: {
      longestWait: {
        columns: ['Holder', 'Waiter', 'Rounds', 'Violations', 'After a release', 'After a kill'],
        rows: results.map(({ plan, rounds, violations, longestWaitMs, longestWaitAfterKillMs }) => [
          titles[plan.holder],
          titles[plan.waiter],
          rounds,
          violations.length,
          `${Math.round(longestWaitMs)} ms`,
          `${(longestWaitAfterKillMs / 1_000).toFixed(1)} s`,
        ]),
      },
    },
  };
}

function cellText({ rounds, holdersKilled, waitersKilled, violations, ...waits }: CellResult): string {
  const afterKill = (waits.longestWaitAfterKillMs / 1_000).toFixed(1);
  return [
    `${rounds} rounds`,
    `${holdersKilled} + ${waitersKilled} kills`,
    `${violations.length} violations`,
    `${Math.round(waits.longestWaitMs)} ms`,
    `${afterKill} s`,
  ].join(', ');
}

/** What went wrong in which cell, one line each. */
export function toViolationLines(results: readonly CellResult[]): string[] {
  return results.flatMap(({ plan, violations }) =>
    violations.map((violation) => `${plan.holder} → ${plan.waiter}: ${violation}`),
  );
}
