import assert from 'node:assert/strict';
import { cases as etcd3Cases } from '../../migration/cases/index.js';
import { goCases } from '../../migration/go/cases.js';
import { situations } from '../../migration/situations/index.js';
import { staticCases } from '../../migration/static/cases.js';
import { readPage, rowsOf } from '../../migration/support/page.js';

for (const { name, cases, least } of [
  { name: 'from-go', cases: goCases, least: 80 },
  { name: 'from-consul-or-static', cases: staticCases, least: 25 },
])
  describe(`the tables of docs/migrating/${name}.md`, () => {
    const rows = rowsOf(readPage(name));

    it('have a row for each case, and a case for each row', () => {
      assert.ok(rows.length > least);
      assert.deepEqual(rows.map(({ before }) => before).sort(), Object.keys(cases).sort());
    });

    it('have a program exactly if the case expects one', () => {
      const wrong = rows.filter(
        ({ before, after }) => 'ours' in (cases[before] ?? {}) !== (after !== undefined),
      );
      assert.deepEqual(wrong, []);
    });
  });

describe('the tables of docs/migrating/from-etcd3.md', () => {
  const text = readPage('from-etcd3');
  const rows = rowsOf(text);

  it('have a row for each case, and a case for each row', () => {
    assert.ok(rows.length > 200);
    assert.deepEqual(rows.map(({ before }) => before).sort(), Object.keys(etcd3Cases).sort());
  });

  for (const { before, after } of rows) {
    it(`have a program exactly if the case expects one: ${before}`, () => {
      const { ours, both, prints, etcd3Prints, sameOutcome } = etcd3Cases[before] ?? {};
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
  return names.some((name) => name in (etcd3Cases[row] ?? {}));
}
