/** A row of the table: who wrote and read what, and whether the bytes are equal. */
export interface Row {
  readonly wrote: string;
  readonly what: string;
  readonly read: string;
  readonly bytes: string;
  readonly result: string;
}

const rows: Row[] = [];

/** Adds a row for a passed test. */
export function addResult(row: Row): void {
  rows.push(row);
}

after('the table is printed', () => {
  if (rows.length > 0) console.log(`\n${toMarkdown(rows)}\n`);
});

export function toMarkdown(all: readonly Row[]): string {
  const head = ['Written by', 'What', 'Read by', 'Byte-equal', 'Result'];
  const lines = all.map(({ wrote, what, read, bytes, result }) => [wrote, what, read, bytes, result]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
