import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownTexts } from '#src/errors/index.js';
import { protoFolder } from '#src/raw/index.js';

const sources = join(protoFolder(), '../src');

/** Matches code that reads an error's text instead of its `reason`. */
const readsText =
  /\b(serverText|message|details)\b\??\.(includes|startsWith|endsWith|indexOf|match|matchAll|search)\(|\.(serverText|message|details) *[!=]==? *(?!undefined\b)|\.test\([^()]*\b(serverText|message|details)\)/;

/** Matches a gRPC code that is written as a number. */
const numericCode = /\bcode: \d|\.code [!=]== \d/;

/** The lines and literals of a source file that only the table of texts may contain. */
function violations(file: string): string[] {
  const source = file.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  const literals = [...source.matchAll(/'([^'\n]{10,})'|"([^"\n]{10,})"|`([^`\n]{10,})`/g)].map(
    ([, ...forms]) => forms.find((form) => form !== undefined) ?? '',
  );
  const pieces = literals.filter(
    (text) => text.includes(' ') && knownTexts.some((known) => known.includes(text)),
  );
  const lines = source.split('\n').filter((line) => readsText.test(line) || numericCode.test(line));
  return [...pieces, ...lines.map((line) => line.trim())];
}

describe('a text of the server', () => {
  it('is matched only in src/errors, and codes are written by name', () => {
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => !file.startsWith('errors/') && !file.startsWith('gen/'));
    assert.ok(files.length > 200, `${files.length} files`);
    const found = files.flatMap((file) =>
      violations(readFileSync(join(sources, file), 'utf8')).map((what) => `${file}: ${what}`),
    );
    assert.deepEqual(found, []);
  });

  for (const line of [
    "if (error.serverText === 'anything') return;",
    "return !error.serverText?.includes('authentication failed');",
    "const authOff = 'etcdserver: authentication is not enabled';",
    "return texts.endsWith('required revision is a future revision');",
    'return /larger than max/i.test(error.message);',
    "if (error.message.includes('compacted')) return;",
    'neverSent.some((text) => details.startsWith(text));',
    'throw new EtcdError(text, { code: 5 });',
    'if (error.code === 5) return;',
  ]) {
    it(`that is matched as in \`${line}\` is detected`, () => {
      assert.notDeepEqual(violations(line), []);
    });
  }
});
