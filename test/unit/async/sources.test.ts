import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const sources = join(protoFolder(), '../src');

/** The files that may read the time of day, and why. */
const wallClock: Readonly<Record<string, string>> = {
  'async/time/elapsed-clock.ts': 'it compares both clocks to detect that the machine slept',
  'cli/ui/browser/state/clock.ts': 'it compares both clocks to detect that the computer was suspended',
  'naming/directory/snapshots/file-snapshots.ts': 'the age of a file is measured by the time of day',
  'naming/directory/snapshots/snapshot-saver.ts': 'a snapshot on disk is read by another process',
  'naming/directory/views/view-state.ts': 'a snapshot on disk is read by another process',
  'testing/certificates/authority.ts': 'a certificate is valid between two times of day',
  'testing/docker/etcd.ts': "Docker's logs have times of day",
  'wire/auth/token.ts': 'a JWT has an expiry time',
};

/** A handler that ignores errors that are not EtcdError: its caller would wait without end. */
const ignoresUntypedErrors =
  /\(?error\)? => \{\s*if \([^\n]*error instanceof EtcdError[^\n]*\)\s*(\{[^}]*\}|[^\n{]*;)\s*\}\s*[,)]/;

/** The source files that contain the text outside comments. */
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
  it('measures a duration with the time of day, which may be set at any time', () => {
    assert.deepEqual(filesWith('Date.now('), Object.keys(wallClock));
  });

  it('ignores an error that is not an EtcdError where a caller waits for it', () => {
    assert.deepEqual(filesWith(ignoresUntypedErrors), []);
    assert.match(
      "(error) => {\n  if (error instanceof EtcdError) this.#input({ type: 'x', error });\n},",
      ignoresUntypedErrors,
    );
    assert.match(
      '(error) => {\n if (error instanceof EtcdError && !aborted) {\n  end(error);\n }\n},',
      ignoresUntypedErrors,
    );
  });

  it('uses AbortSignal.any(), which leaks memory on Node 20', () => {
    const inNode = filesWith('AbortSignal.any(').filter((file) => !file.startsWith('cli/ui/browser/'));
    assert.deepEqual(inNode, []);
  });
});
