import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { allPages, pageText } from '../../support/pages.js';

const root = join(protoFolder(), '..');

/** The blocks of a page whose first line has the path of an example, such as ```` ```yaml examples/a.yaml ````. */
const quotesOf = (page: string) =>
  [...pageText(page).matchAll(/^```\w+ (examples\/\S+)\n(.*?)^```$/gms)].map(([, path = '', text = '']) => ({
    path,
    text,
  }));

const pages = allPages().filter((page) => quotesOf(page).length > 0);

describe('files that pages quote', () => {
  for (const page of pages)
    for (const { path, text } of quotesOf(page))
      it(`${page} has ${path} as it is`, () => {
        assert.ok(existsSync(join(root, path)));
        assert.equal(text, readFileSync(join(root, path), 'utf8'));
      });

  it('are found at all', () => {
    assert.ok(pages.includes('docs/kubernetes.md'));
    assert.ok(quotesOf('docs/kubernetes.md').length >= 5);
  });
});
