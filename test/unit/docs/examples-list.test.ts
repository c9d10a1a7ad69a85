import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { pageText } from '../../support/pages.js';

const examples = join(protoFolder(), '../examples');
const readme = pageText('examples/README.md');
const rows = [
  ...readme.matchAll(/^\| `node node_modules\/@org\/etcd-naming\/examples\/(\S+)\.js(?: \S+)?` \|/gm),
];

describe('the list of examples', () => {
  it('names programs that exist', () => {
    const missing = rows.filter(([, file]) => !existsSync(join(examples, `${file}.ts`)));
    assert.deepEqual(missing, []);
    assert.ok(rows.length > 10);
  });

  it('names the folder of every program', () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const missing = folders.filter(({ name }) => !new RegExp(`[/\`]${name}/`).test(readme));
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    );
  });
});
