import assert from 'node:assert/strict';
import { toJudgement } from '../../robustness/judge.js';

const success = { status: 'Success' };
const skipped = { status: '' };
const valid = { assumptions: success, linearization: success, watch: success, serializable: success };

function judgementOf(code: number | null, report: object): string {
  const judgement = toJudgement(code, JSON.stringify({ counts: {}, ...report }), '');
  switch (judgement.verdict) {
    case 'valid':
      return 'valid';
    case 'invalid':
      return judgement.violations.join(', ');
    case 'not-judged':
      return `not judged: ${judgement.reason}`;
  }
}

describe('the judgement of a history', () => {
  it('is valid only if every validator accepted the history', () => {
    assert.equal(judgementOf(0, valid), 'valid');
    const unfinished = {
      ...valid,
      linearization: { status: 'Timeout' },
      watch: skipped,
      serializable: skipped,
    };
    assert.equal(judgementOf(2, unfinished), 'not judged: linearization: Timeout');
    assert.equal(judgementOf(2, { ...valid, watch: skipped }), 'not judged: watch: did not run');
  });

  it('names what refused the history', () => {
    const failure = { status: 'Failure', message: 'why' };
    assert.equal(
      judgementOf(1, { ...valid, linearization: failure, watch: skipped, serializable: skipped }),
      'linearization',
    );
    const both = { ...valid, watch: { ...failure, broke: 'atomic' }, serializable: failure };
    assert.equal(judgementOf(1, both), 'atomic, serializable');
  });

  it('is not one if the exit code and the report differ', () => {
    assert.equal(judgementOf(1, valid), 'not judged: the exit code does not fit the report');
    assert.equal(
      judgementOf(0, { ...valid, watch: { status: 'Failure', broke: 'unique' } }),
      'not judged: watch: Failure',
    );
    assert.equal(
      judgementOf(1, { ...valid, watch: { status: 'Failure', message: 'new' } }),
      'not judged: watch: new',
    );
  });

  it('is not one if the program could not read the history or was killed', () => {
    assert.equal(judgementOf(2, { ...valid, error: 'no data dirs' }), 'not judged: no data dirs');
    assert.equal(judgementOf(null, valid), 'not judged: the program ended with a signal');
  });
});
