import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textsPassed } from '../../support/source-texts.js';

const root = join(import.meta.dirname, '../../../..');

const read = (file: string) => readFileSync(join(root, file), 'utf8');
interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** The tests that a text names: a file, followed by one title or several. */
function testsNamedIn(text: string): readonly NamedTest[] {
  const named = text.matchAll(/`(test\/[^`]+\.ts)` (“[^”]+”(?:(?:,| and) “[^”]+”)*)/g);
  return [...named].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );
}

/** Whether a file has a suite or a test with that title or a part of it: as it is written, or with its variables filled in. */
function hasTitle(file: string, title: string): boolean {
  const source = read(file);
  const written = title.replace(/\$\{[^}]*\}/g, '…');
  const isTitle = textsPassed(source, /\b(?:describe|it)(?:\.\w+)?\(/g).some(
    (one) => one.includes(written) || matches(one, title),
  );
  return isTitle || source.includes(`'${title}`); // a title from a table
}

/** Whether a text is a title in which `…` stands for each variable; one of variables alone matches nothing. */
function matches(title: string, text: string): boolean {
  const fixed = title.split('…');
  if (fixed.join('').trim().length < 10) return false;
  return new RegExp(`^${fixed.map((part) => part.replace(/[^\w ]/g, '\\$&')).join('.+')}$`).test(text);
}

describe('the pages', () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const named = pages.flatMap((page) => testsNamedIn(read(`docs/${page}`)));

  it('name tests', () => {
    assert.ok(named.length >= 60, `${named.length} tests`);
  });

  for (const { file, title } of named) {
    it(`name an existing test: ${title}`, () => {
      assert.ok(hasTitle(file, title), `${file} has no such title`);
    });
  }
});

describe('the table of failures', () => {
  const text = read('docs/faults.md');

  it('has sixteen groups', () => {
    const numbers = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
    assert.ok(testsNamedIn(text).length >= numbers.length);
  });
});

describe('the threat model', () => {
  const [, text = ''] = read('docs/security.md').split('## Threat model');

  it('names a test for each thing that a party cannot do', () => {
    const cannot = text
      .split('\n| ')
      .filter((row) => row.startsWith('It cannot') || row.startsWith('They cannot'));
    assert.ok(cannot.length >= 6);
    const tables = text
      .split('cannot | Test |')
      .slice(1)
      .map((rest) => rest.split('\n\n')[0] ?? '');
    const rows = tables.flatMap((table) => table.split('\n').filter((row) => /^\| [^-]/.test(row)));
    assert.ok(rows.length >= 20);
    for (const row of rows) assert.ok(testsNamedIn(row).length > 0, row);
  });
});
