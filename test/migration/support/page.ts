import { pageText } from '../../support/pages.js';

/** A row of a page of docs/migrating: a program for the other client, and the one for this package. */
export interface Row {
  /** The heading above the table, without `#`. */
  readonly section: string;
  /** The first cell as it is written. */
  readonly cell: string;
  /** The code of the first cell. It identifies the row. */
  readonly before: string;
  /** The code of the second cell; undefined if this package offers nothing. */
  readonly after: string | undefined;
}

/** The text of a page of docs/migrating. */
export function readPage(name: string): string {
  return pageText(`docs/migrating/${name}.md`);
}

/** The rows of a page's tables that have code in the first cell. */
export function rowsOf(page: string): Row[] {
  const rows: Row[] = [];
  let section = '';
  for (const line of page.split('\n')) {
    const [, heading] = /^#+ (.*)$/.exec(line) ?? [];
    section = heading ?? section;
    const [, cell = '', second = ''] = line.split(/(?<!\\)\|/).map((text) => text.trim());
    const before = codeOf(cell);
    if (line.startsWith('|') && before !== undefined)
      rows.push({ section, cell, before, after: codeOf(second) });
  }
  return rows;
}

/** The first code in a cell, if the cell begins with it. In a table, `|` is written as `\|`. */
function codeOf(cell: string): string | undefined {
  return /^`([^`]+)`/.exec(cell)?.[1]?.replaceAll('\\|', '|');
}

/** The first block of Go in a page. */
export function goExampleOf(page: string): string {
  const [, code] = /^```go\n(.*?)^```$/ms.exec(page) ?? [];
  if (code === undefined) throw new Error('there is no block of Go');
  return code;
}

/** A program of a page for the other client: a block of the language `typescript` with that name. */
export function peerProgram(page: string, name: string): string {
  const [, code] = new RegExp(`^\`\`\`typescript ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(page) ?? [];
  if (code === undefined) throw new Error(`there is no program '${name}'`);
  return code;
}
