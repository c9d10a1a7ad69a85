import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { allPages, anchorsOf, linksOf } from '../../support/pages.js';

const root = join(protoFolder(), '..');

/** The pages that a reader reaches from a page, over any number of links. */
function reachableFrom(start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const page of reached)
    for (const { path } of linksOf(page))
      if (path.endsWith('.md') && existsSync(join(root, path))) reached.add(path);
  return reached;
}

describe('links between pages', () => {
  for (const page of allPages()) {
    it(`${page} links to files and headings that exist`, () => {
      const dead = linksOf(page).filter(
        ({ path, anchor }) =>
          !existsSync(join(root, path)) ||
          (anchor !== undefined && path.endsWith('.md') && !anchorsOf(path).has(anchor)),
      );
      assert.deepEqual(dead, []);
    });
  }

  it('are found at all', () => {
    assert.ok(allPages().flatMap(linksOf).length > 150);
    assert.ok(
      allPages()
        .flatMap(linksOf)
        .filter(({ anchor }) => anchor).length > 20,
    );
  });

  it('lead from the README to every page of docs', () => {
    const reached = reachableFrom('README.md');
    const missing = allPages().filter((page) => page.startsWith('docs/') && !reached.has(page));
    assert.deepEqual(missing, []);
  });

  it('lead from the index of docs to every page for users, and from the README, in one step', () => {
    const beside = allPages().filter(
      (page) => /^docs\/(?:migrating\/)?[^/]+\.md$/.test(page) && page !== 'docs/README.md',
    );
    for (const index of ['docs/README.md', 'README.md']) {
      const linked = new Set(linksOf(index).map(({ path }) => path));
      assert.deepEqual(
        beside.filter((page) => !linked.has(page)),
        [],
        index,
      );
    }
  });
});
