/**
 * The main figures of a campaign, from its output: `['5000 operations', '30 faults']`. Undefined if the output has no
 * result: the campaign then failed itself, whatever its exit code is.
 */
export type FiguresOf = (output: string) => readonly string[] | undefined;

/** Of `npm run chaos`, workload `kv`. */
export const callFigures: FiguresOf = (output) => {
  const faults = sumOfColumn(section(output, /^fault +drawn +effective$/), 1);
  const operations = sumOfColumns(section(output, /^operation +ok +fail +info$/));
  const revisions = numberIn(output, /(\d+) revisions in the truth/);
  if (!faults || !operations || revisions === undefined) return undefined;
  return [
    `${operations} operations`,
    `${faults} faults`,
    `${numberIn(output, /(\d+) ambiguous writes:/) ?? 0} ambiguous writes`,
    `${revisions} revisions`,
  ];
};

/** Of `npm run chaos:naming`. */
export const namingFigures: FiguresOf = (output) => {
  const ofFaults = section(output, /^fault +drawn effective converged/);
  const faults = sumOfColumn(ofFaults, 1);
  const slowest = Math.max(...ofFaults.map((line) => numbersOf(line).at(-1) ?? 0));
  const checked = sumOfColumn(section(output, /^property +checked$/), 0);
  if (!faults || !checked) return undefined;
  return [`${faults} faults`, `${checked} cases checked`, `converged within ${slowest.toFixed(2)} s`];
};

/** Of `npm run chaos`, workloads `lock` and `election`. */
export const lockChaosFigures: FiguresOf = (output) => {
  const effective = section(output, /^faults, injected\/effective$/).flatMap((line) =>
    [...line.matchAll(/\d+\/(\d+)/g)].map(([, count]) => Number(count)),
  );
  const traffic = section(output, /^ {24} +\S+\/(?:lock|election)/);
  const titles = /^ {24}.*\/.*$/m.exec(output)?.[0].trim().split(/ +/) ?? [];
  const acquired = traffic.find((line) => line.startsWith('acquired'));
  if (acquired === undefined || effective.length === 0) return undefined;
  const counts = numbersOf(acquired);
  const ours = titles.flatMap((title, i) =>
    title.startsWith('ours/') ? [`${counts[i] ?? 0} ${title.slice(5)}s won`] : [],
  );
  return [...ours, `${effective.reduce((a, b) => a + b, 0)} faults`];
};

/** Of `npm run campaign:convergence`. */
export const convergenceFigures: FiguresOf = (output) => {
  const results = [...output.matchAll(/(\d+) rounds: min .* max ([\d.]+) s .*; (\d+) rounds with a wrong/g)];
  if (results.length === 0) return undefined;
  const sum = (group: number) => results.reduce((all, result) => all + Number(result[group]), 0);
  const slowest = Math.max(...results.map(([, , max]) => Number(max)));
  const missed = [...output.matchAll(/^MISSED/gm)].length;
  return [
    `${sum(1)} rounds of ${results.length} faults`,
    `slowest ${slowest.toFixed(2)} s`,
    `${sum(3)} wrong histories`,
    ...(missed > 0 ? [`${missed} targets missed`] : []),
  ];
};

/** Of `npm run campaign:locks`. */
export const lockFigures: FiguresOf = (output) => {
  const cells = [...output.matchAll(/^\S+ → \S+: (\d+) increments, (\d+) violations$/gm)];
  const hasTable = output.includes('| Holder \\ waiter |');
  if (cells.length === 0 || !hasTable) return undefined;
  const sum = (group: number) => cells.reduce((all, cell) => all + Number(cell[group]), 0);
  return [`${cells.length} pairs`, `${sum(1)} increments`, `${sum(2)} violations`];
};

/** Of `npm run robustness`. */
export const robustnessFigures: FiguresOf = (output) => {
  const traffic = /(\d+) operations, (\d+) of unknown outcome, (\d+) revisions/.exec(output);
  const valid = /\d+ of \d+ runs are valid/.exec(output)?.[0];
  if (!traffic || valid === undefined) return undefined;
  const [, operations, unknown, revisions] = traffic;
  const faults = [...output.matchAll(/ [\w-]+ (\d+)\/\d+(?=,|$)/gm)];
  return [
    `${operations} operations`,
    `${faults.reduce((sum, [, count]) => sum + Number(count), 0)} faults`,
    `${unknown} of unknown outcome`,
    `${revisions} revisions`,
    valid,
  ];
};

/** Of `npm test`. */
export const suiteFigures: FiguresOf = (output) => {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  if (!last || Number(last[1]) === 0) return undefined;
  return [`${last[1]} tests`, `${last[2]} failed`, `${last[3]} skipped`];
};

/** The lines after a title, up to an empty one. */
function section(output: string, title: RegExp): string[] {
  const lines = output.split('\n');
  const from = lines.findIndex((line) => title.test(line));
  if (from < 0) return [];
  const rest = lines.slice(from + 1);
  const end = rest.findIndex((line) => line.trim() === '');
  return end < 0 ? rest : rest.slice(0, end);
}

/** The numbers in the columns of a row, whose name may contain digits. */
function numbersOf(row: string): number[] {
  const cells = row.split(/ {2,}/).slice(1).join(' ').split(/ +/);
  return cells.filter((cell) => /^-?[\d.]+$/.test(cell)).map(Number);
}

function sumOfColumn(rows: readonly string[], column: number): number {
  return rows.reduce((sum, row) => sum + (numbersOf(row)[column] ?? 0), 0);
}

function sumOfColumns(rows: readonly string[]): number {
  return rows.reduce((sum, row) => sum + numbersOf(row).reduce((a, b) => a + b, 0), 0);
}

function numberIn(output: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(output)?.[1];
  return found === undefined ? undefined : Number(found);
}
