import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** The files of the tarball, by npm's reading of `files` in package.json. Those of dist and types exist after a build. */
function packedFiles(): ReadonlySet<string> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const printed = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files } = { files: [] }] = JSON.parse(printed) as readonly {
    files: readonly { path: string }[];
  }[];
  return new Set(files.map(({ path }) => path));
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

  it('lead to files of the tarball from each page in it', function () {
    this.timeout(60_000);
    const packed = packedFiles();
    const folders = new Set([...packed].map((path) => dirname(path)));
    const pages = [...packed].filter((path) => path.endsWith('.md'));
    const dead = pages.flatMap((page) =>
      linksOf(page)
        .filter(({ path }) => !packed.has(path) && !folders.has(path.replace(/\/$/, '')))
        .map(({ path }) => `${page} -> ${path}`),
    );
    assert.ok(pages.length > 40, `${pages}`);
    assert.deepEqual(dead, []);
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
