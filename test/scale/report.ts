import type { ProofTable } from '../support/proof.js';
import type { RowResult, ScaleRow } from './row.js';

/** A row that has run. */
export interface Measured {
  readonly row: ScaleRow;
  readonly result: RowResult;
  readonly divisor: number;
}

const columns = ['Situation', 'Figure', 'Value'];

/** The table, as Markdown shows it and as `docs/proof` stores it. */
export function tableOf(all: readonly Measured[]): ProofTable {
  const rows = all.flatMap(({ row, result, divisor }) =>
    result.figures.map(({ title, value }, i) => [i === 0 ? row.title(divisor) : '', title, value]),
  );
  return { columns, rows };
}

export function toMarkdown({ columns: head, rows }: ProofTable): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')).join('\n');
}
