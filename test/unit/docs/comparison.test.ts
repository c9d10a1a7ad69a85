import assert from 'node:assert/strict';
import { pageText } from '../../support/pages.js';

/** The cells of the rows of a page's tables. */
const rowsOf = (page: string) =>
  pageText(page)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

const measured = rowsOf('docs/performance.md');

describe('the figures of docs/comparison.md', () => {
  const compared = rowsOf('docs/comparison.md').filter((cells) => /\[[\d.]+–[\d.]+\]/.test(cells.join()));

  for (const [, work = '', ours, etcd3] of compared) {
    it(`are those of docs/performance.md: ${work}`, () => {
      const row = measured.find((cells) => cells[1] === work);
      assert.deepEqual([ours, etcd3], row?.slice(3, 5));
    });
  }

  it('are found at all', () => {
    assert.ok(compared.length >= 8);
  });

  it('are those that the README rounds', () => {
    const readme = pageText('README.md');
    for (const [work, figures] of [
      ['put, 64 in flight: calls/s', /64 in flight.*\| 1\.27 \| 0\.88 \|/],
      ['get, 64 in flight, distinct keys: calls/s', /\| 12\.6\b.*\| 0\.76 \|/],
      ['leases kept alive: CPU µs/renewal', /renewal.*\| 0\.76 \|/],
    ] as const) {
      const [ours = '', etcd3] = measured.find((cells) => cells[1] === work)?.slice(3, 5) ?? [];
      assert.match(readme, figures);
      for (const figure of [ours, etcd3].filter((cell) => cell && cell !== ''))
        assert.ok(readme.includes((figure as string).slice(0, 4)), `${work}: ${figure}`);
    }
  });
});
