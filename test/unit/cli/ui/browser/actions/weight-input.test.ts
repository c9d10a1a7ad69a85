import assert from 'node:assert/strict';
import { parseWeight } from '#ui/browser/actions/weight-input.js';

describe('the weight that a user enters', () => {
  it('is a decimal number of 0 or more', () => {
    const texts = ['0', ' 2.5 ', '1e3', '.5', '+3', '-0', '9007199254740991'];
    const weights = [0, 2.5, 1_000, 0.5, 3, 0, Number.MAX_SAFE_INTEGER];
    assert.deepEqual(
      texts.map(parseWeight),
      weights.map((weight) => ({ weight })),
    );
  });

  for (const [problem, texts] of [
    ['Enter a number.', ['', ' ']],
    ['A weight is 0 or more.', ['-1', '-0.5']],
    ['Write a point instead of the comma.', ['1,5']],
    ['A weight is at most 9007199254740991.', ['9007199254740992', '1e400']],
    ['This is not a decimal number.', ['abc', '0x10', '0b1', 'Infinity', 'NaN', '1e', '.', '1 2', '1,2,3']],
  ] as const)
    it(`is refused with: ${problem}`, () => {
      for (const text of texts) assert.deepEqual(parseWeight(text), { problem }, text);
    });
});
