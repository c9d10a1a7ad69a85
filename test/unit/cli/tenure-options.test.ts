import assert from 'node:assert/strict';
import { parseCommandArgs, splitCommandLine } from '#src/cli/args/command-line.js';
import type { Invocation } from '#src/cli/command.js';
import { elect } from '#src/cli/commands/elect.js';
import { lock } from '#src/cli/commands/lock.js';

const run = async (command: typeof lock, ...args: string[]) => {
  const parsed = parseCommandArgs(command, splitCommandLine([command.name, ...args]));
  const createClient = () => assert.fail('a client was created');
  return command.run({ ...parsed, createClient } as unknown as Invocation);
};

describe('the commands lock --list and elect --observe', () => {
  for (const option of ['--timeout=5s', '--ttl=5', '--grace=5s', '--clean-env'])
    it(`refuse ${option}, which has no effect there`, async () => {
      const [name] = option.split('=');
      await assert.rejects(run(lock, '--list', 'jobs', option), {
        message: `--list and ${name} exclude each other`,
      });
      await assert.rejects(run(elect, '--observe', 'jobs', option), {
        message: `--observe and ${name} exclude each other`,
      });
    });
});
