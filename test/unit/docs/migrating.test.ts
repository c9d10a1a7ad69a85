import assert from 'node:assert/strict';
import { cases } from '../../migration/cases/index.js';
import { goCases } from '../../migration/go/cases.js';
import { situations } from '../../migration/situations/index.js';
import { staticCases } from '../../migration/static/cases.js';
import { readPage, rowsOf } from '../../migration/support/page.js';

describe('the tables of docs/migrating/from-go.md', () => {
  const rows = rowsOf(readPage('from-go'));

  it('have a row for each case, and a case for each row', () => {
    assert.ok(rows.length > 80);
    assert.deepEqual(rows.map(({ before }) => before).sort(), Object.keys(goCases).sort());
  });

  it('have a program exactly if the case expects one', () => {
    const wrong = rows.filter(
      ({ before, after }) => 'ours' in (goCases[before] ?? {}) !== (after !== undefined),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('the tables of docs/migrating/from-consul-or-static.md', () => {
  const rows = rowsOf(readPage('from-consul-or-static'));

  it('have a row for each case, and a case for each row', () => {
    assert.ok(rows.length > 25);
    assert.deepEqual(rows.map(({ before }) => before).sort(), Object.keys(staticCases).sort());
  });

  it('have a program exactly if the case expects one', () => {
    const wrong = rows.filter(
      ({ before, after }) => 'ours' in (staticCases[before] ?? {}) !== (after !== undefined),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('the tables of docs/migrating/from-etcd3.md', () => {
  const text = readPage('from-etcd3');
  const rows = rowsOf(text);

  it('have a row for each case, and a case for each row', () => {
    assert.ok(rows.length > 200);
    assert.deepEqual(rows.map(({ before }) => before).sort(), Object.keys(cases).sort());
  });

  for (const { before, after } of rows) {
    it(`have a program exactly if the case expects one: ${before}`, () => {
      const { ours, both, prints, etcd3Prints, sameOutcome } = cases[before] ?? {};
      const isOffered = ours ?? both ?? etcd3Prints ?? sameOutcome;
      const expectsOne = isOffered !== undefined || prints !== undefined || hasKey(before, 'ours', 'both');
      if (after === undefined) assert.ok(!hasKey(before, 'ours', 'both'), 'the case expects a program');
      else assert.ok(expectsOne, 'the case expects no program');
    });
  }

  it('have a situation for each test, and a test for each situation', () => {
    const [, table = ''] = text.split('| Situation |');
    const named = [...table.matchAll(/^\| ([^|`-][^|]*) \|/gm)].map(([, situation]) => situation);
    assert.deepEqual(named.sort(), Object.keys(situations).sort());
  });

  it('say what is not offered', () => {
    const withoutProgram = text.split('\n').filter((line) => /^\| `[^`]+` \| (?!`)/.test(line));
    assert.ok(withoutProgram.length > 10);
    for (const line of withoutProgram) assert.match(line, /^\| `[^`]+` \| not offered \| /);
  });
});

function hasKey(row: string, ...names: readonly string[]): boolean {
  return names.some((name) => name in (cases[row] ?? {}));
}
