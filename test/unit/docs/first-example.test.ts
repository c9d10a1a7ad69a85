import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { linksOf, pageText } from '../../support/pages.js';

const { scripts } = JSON.parse(readFileSync(join(protoFolder(), '../package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** The pages of the index for users: those that are not about the code, and not generated. */
const pages = [...new Set(linksOf('docs/README.md').map(({ path }) => path))].filter(
  (path) => /^docs\/.*\.md$/.test(path) && !/^docs\/(architecture|decisions|contributing|api)/.test(path),
);

/** The introduction and the first section. */
const beginningOf = (page: string) => pageText(page).split(/^## /m).slice(0, 2).join('## ');

describe('each page of the index', () => {
  for (const page of pages) {
    it(`${page} begins with an example`, () => {
      assert.match(
        beginningOf(page),
        /^```(?:(?:ts|c?js) [\w-]+|sh|yaml)/m,
        'no block with a name (```ts name), of shell or of YAML before the second ##',
      );
    });

    it(`${page} has only programs that a test compiles`, () => {
      assert.doesNotMatch(
        pageText(page),
        /^```(?:ts|c?js|typescript|javascript|mjs)$/m,
        'a block without a name',
      );
    });

    it(`${page} names scripts that exist`, () => {
      const named = [...pageText(page).matchAll(/npm run ([\w:-]*\w)/g)].map(([, name = '']) => name);
      assert.deepEqual(
        named.filter((name) => !(name in scripts)),
        [],
      );
    });
  }

  it('is checked by these rules at all', () => {
    assert.ok(pages.length >= 20, pages.join());
  });
});

describe('the README', () => {
  it('has less than 150 lines', () => {
    assert.ok(pageText('README.md').split('\n').length <= 150);
  });
});
