import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands } from '#src/cli/commands/index.js';
import type { Io } from '#src/cli/output/io.js';
import { run } from '#src/cli/run.js';

const manifest = fileURLToPath(new URL('../../../../package.json', import.meta.url));
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));

/** Runs the command in this process. Returns its exit code and what it printed. */
async function outputOf(args: readonly string[]): Promise<readonly unknown[]> {
  const texts = { stdout: '', stderr: '' };
  const into = (name: keyof typeof texts) => ({
    write: (text: string | Uint8Array) => {
      texts[name] += text;
    },
  });
  const io: Io = { stdout: into('stdout'), stderr: into('stderr'), env: {} };
  return [await run(args, io), texts.stdout, texts.stderr];
}

describe('the version of the command', () => {
  for (const args of [
    ['--version'],
    ['-v'],
    ...commands.map(({ name }) => [name, '--version']),
    ['rm', 'svc', 'e', '-v'],
    ['ls', 'too', 'many', 'arguments', '--version'],
    ['--json', 'get', '--version=true'],
    ['register', 'svc', '--version', '--', 'program'],
  ])
    it(`is printed for ${args.join(' ')}`, async () => {
      assert.deepEqual(await outputOf(args), [0, `${version}\n`, '']);
    });

  it('is an option in the help', async () => {
    assert.match(String((await outputOf(['--help']))[1]), /^ {2}-v, --version +print the version$/m);
  });
});
