import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { DEFAULT_ETCD_VERSION } from '#src/testing/options.js';
import { allPages, pageText } from '../../support/pages.js';

const root = join(protoFolder(), '..');

/** The blocks of a page whose first line has the path of an example or a test, such as ```` ```yaml examples/a.yaml ````. */
const quotesOf = (page: string) =>
  [...pageText(page).matchAll(/^```\w+ (examples\/\S+|test\/pack\/\S+\.test\.js)\n(.*?)^```$/gms)].map(
    ([, path = '', text = '']) => ({
      path,
      text,
    }),
  );

const pages = allPages().filter((page) => quotesOf(page).length > 0);

describe('files that pages quote', () => {
  for (const page of pages)
    for (const { path, text } of quotesOf(page))
      it(`${page} has ${path} as it is`, () => {
        assert.ok(existsSync(join(root, path)));
        assert.equal(text, readFileSync(join(root, path), 'utf8'));
      });

  it('docs/testing.md has the test for Vitest, which is that for Jest with an import', () => {
    const [vitest, jest] = ['vitest', 'jest'].map((runner) =>
      readFileSync(join(root, 'test/pack', runner, 'suite.test.js'), 'utf8'),
    );
    assert.equal(vitest!.replace(/^import .* from 'vitest';\n/m, ''), jest);
  });

  it('name one image of etcd, that of the test kit, as the pages do', () => {
    const files = ['compose/compose.yaml', 'kubernetes/etcd.yaml'].map((path) =>
      readFileSync(join(root, 'examples', path), 'utf8'),
    );
    const images = [...allPages().map(pageText), ...files].flatMap((text) => [
      ...text.matchAll(/quay\.io\/coreos\/etcd:v([\d.]+)/g),
    ]);
    assert.ok(images.length >= 7, `${images.length}`);
    assert.deepEqual([...new Set(images.map(([, version]) => version))], [DEFAULT_ETCD_VERSION]);
  });

  it('are found at all', () => {
    assert.ok(pages.includes('docs/kubernetes.md'));
    assert.ok(quotesOf('docs/kubernetes.md').length >= 5);
    assert.equal(quotesOf('docs/testing.md').length, 3);
  });
});
