import type { ProofTable } from '../support/proof.js';
import type { Cell } from './matrix.js';

/** A row for each campaign, a column for each release. */
export function toTable(cells: readonly Cell[]): ProofTable {
  const versions = [...new Set(cells.map(({ version }) => version))];
  const campaigns = [...new Set(cells.map(({ campaign }) => campaign))];
  const rows = campaigns.map((campaign) => [
    campaign,
    ...versions.map((version) => {
      const cell = cells.find((one) => one.campaign === campaign && one.version === version);
      return cell ? cellText(cell) : '';
    }),
  ]);
  return { columns: ['Campaign', ...versions], rows };
}

/** As Markdown. */
export function formatTable({ columns, rows }: ProofTable): string {
  return [columns, columns.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function cellText({ verdict, figures, repeated }: Cell): string {
  const which = repeated ? ' (second seed)' : '';
  return `${verdict}${which}: ${figures.join(', ')}`;
}
