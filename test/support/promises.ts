import { pageText, sectionOf } from './pages.js';

/** A bullet, a paragraph or a row of a table that promises something, as plain text. */
export interface Promised {
  readonly page: string;
  readonly text: string;
}

/** A row of docs/proof.md. */
export interface ProofRow {
  /** The texts that it quotes. */
  readonly quotes: readonly string[];
  readonly rule: string;
  readonly tests: string;
  readonly campaign: string;
}

/** Everything that the README and docs/guarantees.md promise. */
export function promises(): readonly Promised[] {
  const readme = [
    ...paragraphsOf(beginningOf('README.md')),
    ...bulletsOf(section('README.md', 'What it promises')),
    ...paragraphsOf(section('README.md', 'When to use it, and when not')).slice(0, 1),
    ...rowsOf(section('README.md', 'Compared with etcd3 and Go')).slice(1).map(comparisonOf),
    ...bulletsOf(section('README.md', 'Supported versions')),
  ];
  const guarantees = [
    ...paragraphsOf(beginningOf('docs/guarantees.md')).slice(0, 1),
    ...bulletsOf(pageText('docs/guarantees.md')),
  ];
  return [
    ...readme.map((text) => ({ page: 'README.md', text: plain(text) })),
    ...guarantees.map((text) => ({ page: 'docs/guarantees.md', text: plain(text) })),
  ];
}

/** The rows of the tables of docs/proof.md whose first column is a promise. */
export function proofRows(): readonly ProofRow[] {
  return rowsOf(pageText('docs/proof.md'))
    .filter(([first = '']) => first.startsWith('“'))
    .map(([first = '', rule = '', tests = '', campaign = '']) => ({
      quotes: [...first.matchAll(/“([^”]+)”/g)].map(([, quote = '']) => plain(quote)),
      rule,
      tests,
      campaign,
    }));
}

/** What remains of a promise without the texts that quote it; empty if they are all of it. */
export function unquotedPart({ text }: Promised, quotes: Iterable<string>): string {
  let rest = text;
  for (const quote of [...quotes].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(quote, '');
  return /[\p{L}\p{N}]/u.test(rest) ? rest.trim() : '';
}

function section(page: string, heading: string): string {
  const text = sectionOf(page, heading);
  if (text === undefined) throw new Error(`${page} has no section '${heading}'`);
  return text;
}

/** Everything before the first heading of the second level. */
function beginningOf(page: string): string {
  return pageText(page).split(/^## /m)[0] ?? '';
}

function paragraphsOf(text: string): readonly string[] {
  return text
    .replace(/^```.*?^```$/gms, '')
    .split('\n\n')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !/^(?:#|!\[|[-|] )/.test(part));
}

function bulletsOf(text: string): readonly string[] {
  return [...text.matchAll(/^ *- (.+)$/gm)].map(([, bullet = '']) => bullet);
}

/** The cells of each row of the tables, without the lines that separate the head. */
function rowsOf(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^\|(.+)\|$/gm)]
    .map(([, row = '']) => row.split('|').map((cell) => cell.trim()))
    .filter((cells) => !cells.every((cell) => /^(?:-+|)$/.test(cell)));
}

function comparisonOf(cells: readonly string[]): string {
  return cells.map((cell) => cell || '–').join(' / ');
}

/** A text without links, emphasis and marks of code; a link in brackets of its own is left out. */
function plain(text: string): string {
  return text
    .replace(/ \(\[[^\]]*\]\([^)]*\)\)/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*|`/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
