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
