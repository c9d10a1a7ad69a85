import assert from 'node:assert/strict';
import { commandHelp, overviewHelp } from '#src/cli/args/help.js';
import { commands } from '#src/cli/commands/index.js';

describe('the help of the command', () => {
  it('has no line that ends with a space', () => {
    const lines = [overviewHelp(commands), ...commands.map(commandHelp)].flat();
    assert.ok(lines.length > 100);
    assert.deepEqual(
      lines.filter((line) => /\s$/.test(line)),
      [],
    );
  });
});
