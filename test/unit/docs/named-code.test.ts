import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { allPages } from '../../support/pages.js';

const root = join(protoFolder(), '..');

/** The pages for contributors: CONTRIBUTING.md, and those of docs about the code. */
const pages = allPages().filter((page) =>
  /^(?:CONTRIBUTING|docs\/architecture|docs\/(?:architecture|decisions|contributing)\/.*)\.md$/.test(page),
);

const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** `src/a/b.ts` and the like, without globs, placeholders and build results. */
const pathInCode = /`((?:src|test|scripts|bench|tools|proto|examples|docs|api)\/[\w./-]*)`/g;
/** A path, and beside it in the table or in brackets the symbols of that file. */
const row = /^\| \d+ \| `([\w./-]+)` \| ([^|]+) \| [^|]+ \|$/gm;
const inBrackets = /`(src\/[\w./-]+\.ts)` \(((?:`[#\w.]+`(?:, )?)+)\)/g;

function foldersOf(folder: string): string[] {
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((path) => statSync(join(root, path)).isDirectory())
    .flatMap((path) => [path, ...foldersOf(path)]);
}

describe('pages about the code', () => {
  for (const page of pages) {
    it(`${page} names files that exist`, () => {
      const missing = [...textOf(page).matchAll(pathInCode)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(root, path)));
      assert.deepEqual(missing, []);
    });

    it(`${page} names symbols that occur in the file beside them`, () => {
      const missing: string[] = [];
      for (const [, file = '', cell = ''] of [
        ...textOf(page).matchAll(row),
        ...textOf(page).matchAll(inBrackets),
      ])
        for (const [, symbol = ''] of cell.matchAll(/`([^`]+)`/g))
          if (!occursIn(file, symbol)) missing.push(`${symbol} in ${file}`);
      assert.deepEqual(missing, []);
    });
  }

  it('describe every folder of src once', () => {
    const described = [...textOf('docs/architecture.md').matchAll(/^\| `(src\/[\w/-]+)` \|/gm)].map(
      ([, folder]) => folder,
    );
    const folders = foldersOf('src').filter((folder) => folder !== 'src/gen/etcd');
    assert.deepEqual(described.sort(), folders.sort());
  });

  it('are checked by these rules at all', () => {
    const flows = textOf('docs/architecture/flows.md');
    assert.ok([...flows.matchAll(row)].length > 40);
    assert.ok([...flows.matchAll(inBrackets)].length > 0);
  });
});

/** Whether the file has the symbol as a word of its own; `#name` is a private member. */
function occursIn(file: string, symbol: string): boolean {
  const name = symbol.replace(/^#/, '');
  const before = symbol.startsWith('#') ? '#' : '(?<![\\w$#])';
  return new RegExp(`${before}${name}(?![\\w$])`).test(textOf(file));
}
