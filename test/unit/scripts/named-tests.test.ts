import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../..');

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const testsNamedIn = (text: string) => [...text.matchAll(/`(test\/[^`]+\.ts)` “([^”]+)”/g)];

describe('the pages', () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const named = pages.flatMap((page) => testsNamedIn(read(`docs/${page}`)));

  it('name tests', () => {
    assert.ok(named.length >= 60, `${named.length} tests`);
  });

  for (const [, file = '', title = ''] of named) {
    it(`name an existing test: ${title}`, () => {
      assert.ok(read(file).includes(title), `${file} has no such title`);
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
