import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../..');

describe('the table of what goes wrong', () => {
  const text = readFileSync(join(root, 'docs/faults.md'), 'utf8');
  const named = [...text.matchAll(/`(test\/[^`]+\.ts)` “([^”]+)”/g)];

  it('has the fifteen schedules', () => {
    const numbers = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      Array.from({ length: 15 }, (_, i) => i + 1),
    );
    assert.ok(named.length >= numbers.length);
  });

  for (const [, file = '', title = ''] of named) {
    it(`names a test that is there: ${title}`, () => {
      assert.ok(readFileSync(join(root, file), 'utf8').includes(title), `${file} has none of that title`);
    });
  }
});
