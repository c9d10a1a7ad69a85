import assert from 'node:assert/strict';
import { usesColor } from '#src/cli/output/color.js';
import { escapeLine, renderLine } from '#src/cli/output/line.js';
import { alignCells } from '#src/cli/output/text.js';

describe('colours', () => {
  for (const [isTTY, env, expected] of [
    [true, { TERM: 'xterm-256color' }, true],
    [true, { TERM: 'dumb' }, false],
    [true, {}, false],
    [true, { TERM: 'xterm', NO_COLOR: '1' }, false],
    [true, { TERM: 'xterm', NODE_DISABLE_COLORS: '1' }, false],
    [true, { TERM: 'xterm', FORCE_COLOR: '0' }, false],
    [true, { TERM: 'dumb', FORCE_COLOR: '1' }, true],
    [false, { TERM: 'xterm-256color' }, false],
    [false, { TERM: 'xterm-256color', COLORTERM: 'truecolor', CI: '1' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '0' }, false],
  ] as const)
    it(`are ${expected ? '' : 'not '}used ${isTTY ? 'on a terminal' : 'in a pipe'} with ${JSON.stringify(env)}`, () => {
      assert.equal(usesColor({ isTTY }, env), expected);
    });
});

describe('a line with styles', () => {
  const red = (text: string) => ({ text, style: 'red' as const });

  it('has them only where colours are used', () => {
    const line = escapeLine(['a ', red('b'), ' c']);
    assert.equal(renderLine(line, false), 'a b c');
    assert.equal(renderLine(line, true), 'a \x1b[31mb\x1b[39m c');
  });

  it('is truncated by its text, and its styles end', () => {
    for (const [columns, text] of [
      [3, 'ab…'],
      [4, 'abc…'],
      [5, 'abcde'],
      [1, '…'],
    ] as const)
      assert.equal(renderLine(escapeLine(['ab', red('cde')], columns), false), text);
    assert.equal(renderLine(escapeLine(['ab', red('cde')], 4), true), 'ab\x1b[31mc…\x1b[39m');
    assert.equal(renderLine(escapeLine(['ab', red('cde')], 2), true), 'a…');
  });

  it('is aligned by its text', () => {
    const lines = alignCells([
      [red('long'), 'x'],
      ['a', red('y'), ''],
    ]).map((line) => renderLine(escapeLine(line), true));
    assert.deepEqual(lines, ['\x1b[31mlong\x1b[39m  x', 'a     \x1b[31my\x1b[39m']);
  });
});
