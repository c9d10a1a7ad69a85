import type { ProofRun, ProofTable } from '../support/proof.js';
import type { CellResult } from './matrix.js';

export type Verdict = 'ok' | 'WRONG' | 'VOID';

/** A void cell proves nothing, because its event did not happen as it should; a violation is wrong nevertheless. */
export function verdictOf({
  problems,
  violations = [],
  missed,
}: Pick<CellResult, 'problems' | 'violations' | 'missed'>): Verdict {
  if (violations.length > 0) return 'WRONG';
  if (missed !== undefined) return 'VOID';
  return problems.length > 0 ? 'WRONG' : 'ok';
}

const columns = ['front end', 'mode', 'TLS', 'event', 'verdict', 'recovery', 'writes', 'ambiguous'] as const;

/** A row for each cell, in the order of the matrix. */
export function toTable(results: readonly CellResult[]): ProofTable {
  return {
    columns,
    rows: results.map((result) => {
      const { kind, mode, tls } = result.cell.placement;
      const { recoveryMs, writes, ambiguous } = result;
      const recovery = recoveryMs === undefined ? '' : `${Math.round(recoveryMs)} ms`;
      return [kind.name, mode, tls, result.cell.event.name, verdictOf(result), recovery, writes, ambiguous];
    }),
  };
}

/** The table as text, with aligned columns. */
export function formatTable({ columns: head, rows }: ProofTable): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What the run proves. */
export function toProof(results: readonly CellResult[], command: string, etcd: string): ProofRun {
  const count = (verdict: Verdict) => results.filter((result) => verdictOf(result) === verdict).length;
  const sum = (of: (result: CellResult) => number) => results.reduce((total, each) => total + of(each), 0);
  const slowestMs = Math.max(0, ...results.map(({ recoveryMs = 0 }) => recoveryMs));
  return {
    command,
    passed: results.length > 0 && count('ok') === results.length,
    etcd: [etcd],
    figures: {
      cells: results.length,
      wrong: count('WRONG'),
      void: count('VOID'),
      writes: sum(({ writes }) => writes),
      ambiguousWrites: sum(({ ambiguous }) => ambiguous),
      slowestRecovery: `${Math.round(slowestMs)} ms`,
    },
    tables: { matrix: toTable(results) },
  };
}
