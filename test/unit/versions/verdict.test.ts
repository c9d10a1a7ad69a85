import assert from 'node:assert/strict';
import type { ProgramEnd } from '../../versions/program.js';
import { exitCodeOf, judge } from '../../versions/verdict.js';

const figuresOf = (output: string) => (output.includes('result') ? ['1 operation'] : undefined);

function verdictOf(code: number | undefined, output: string, more: Partial<ProgramEnd> = {}) {
  return judge({ code, output, timedOut: false, durationMs: 1, ...more }, figuresOf);
}

describe('the verdict on a campaign', () => {
  it('follows its exit code', () => {
    assert.equal(verdictOf(0, 'result').verdict, 'ok');
    assert.equal(verdictOf(1, 'result').verdict, 'wrong');
    assert.equal(verdictOf(2, 'result').verdict, 'inconclusive');
    assert.equal(verdictOf(3, 'result').verdict, 'failed');
    assert.equal(verdictOf(undefined, 'result').verdict, 'failed');
  });

  it('is a failure without a result, also for the exit codes 0 and 1', () => {
    assert.equal(verdictOf(0, 'nothing happened').verdict, 'failed');
    assert.equal(verdictOf(1, 'TypeError: x is not a function').verdict, 'failed');
  });

  it('is a failure if its time limit was exceeded', () => {
    assert.equal(verdictOf(0, 'result', { timedOut: true }).verdict, 'failed');
  });

  it('is that it was skipped, with its own reason', () => {
    for (const code of [0, 2]) {
      const { verdict, figures } = verdictOf(code, 'seed 1\nskipped: no Go toolchain\n');
      assert.deepEqual({ verdict, figures }, { verdict: 'skipped', figures: ['skipped: no Go toolchain'] });
    }
    assert.equal(verdictOf(1, 'skipped: one of many tests\n').verdict, 'failed');
  });
});

describe('the exit code of the version matrix', () => {
  it('is 0 only if a campaign ran and none is wrong, failed or inconclusive', () => {
    assert.equal(exitCodeOf(['ok', 'skipped']), 0);
    assert.equal(exitCodeOf(['ok', 'inconclusive', 'failed', 'wrong']), 1);
    assert.equal(exitCodeOf(['ok', 'inconclusive', 'failed']), 3);
    assert.equal(exitCodeOf(['ok', 'inconclusive']), 2);
    assert.equal(exitCodeOf(['skipped']), 2);
    assert.equal(exitCodeOf([]), 2);
  });
});
