import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const sources = join(protoFolder, '../src');

/** Who may ask for the time of day, and why a duration would be wrong there. */
const wallClock: Readonly<Record<string, string>> = {
  'async/elapsed-clock.ts': 'it compares the two, to see that the machine slept',
  'naming/directory/file-snapshots.ts': 'a file has a time of day',
  'naming/directory/snapshot-saver.ts': 'a snapshot on disk is read by another process',
  'naming/directory/view-state.ts': 'a snapshot on disk is read by another process',
  'testing/docker-etcd.ts': "Docker's logs have times of day",
  'wire/token.ts': 'a JWT says when it runs out',
};

/** A rejection that ends nothing where the error is none of this library's: whoever waits for it waits on. */
const dropping =
  /\(?error\)? => \{\s*if \([^\n]*error instanceof EtcdError[^\n]*\)\s*(\{[^}]*\}|[^\n{]*;)\s*\}\s*[,)]/;

/** The files that have the text outside comments. */
function filesWith(text: string | RegExp): string[] {
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('gen/'))
    .filter((file) => {
      const source = readFileSync(join(sources, file), 'utf8');
      const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
      return typeof text === 'string' ? code.includes(text) : text.test(code);
    })
    .sort();
}

describe('no source', () => {
  it('measures a duration by the time of day, which may be set at any moment', () => {
    assert.deepEqual(filesWith('Date.now('), Object.keys(wallClock));
  });

  it('drops an error, for being none of this library’s, that something waits for', () => {
    assert.deepEqual(filesWith(dropping), []);
    assert.match(
      "(error) => {\n  if (error instanceof EtcdError) this.#input({ type: 'x', error });\n},",
      dropping,
    );
    assert.match(
      '(error) => {\n if (error instanceof EtcdError && !aborted) {\n  end(error);\n }\n},',
      dropping,
    );
  });

  it('uses AbortSignal.any(), of which Node 20 keeps something for as long as one of the signals lives', () => {
    assert.deepEqual(filesWith('AbortSignal.any('), []);
  });
});
