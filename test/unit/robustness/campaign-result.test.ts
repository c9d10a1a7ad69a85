import assert from 'node:assert/strict';
import { exitCodeOf } from '../../robustness/campaign-result.js';
import { toMutantProof, toProof } from '../../robustness/record.js';
import { mutantWith, notJudged, runWith, summaryWith } from './run-samples.js';

const invalid = runWith({ judgement: { verdict: 'invalid', violations: ['linearization'], log: '' } });
const vacuous = runWith({ vacuity: ['no write had an unknown outcome'] });
const good = { runs: [runWith()], mutants: [mutantWith('atomic')], failures: [] };

describe('the exit code of a robustness campaign', () => {
  for (const [what, result, code] of [
    ['valid runs and caught mutants', good, 0],
    ['a violation, whatever else', { ...good, runs: [vacuous, invalid], failures: ['no etcd'] }, 1],
    [
      'a watch that did not arrive',
      { ...good, runs: [runWith({ summary: summaryWith({ late: ['l0'] }) })] },
      1,
    ],
    ['a mutant that nothing caught', { ...good, mutants: [mutantWith(undefined)] }, 1],
    ['a mutant that another validator caught', { ...good, mutants: [mutantWith('reliable')] }, 1],
    ['a history that was not judged', { ...good, runs: [runWith({ judgement: notJudged })] }, 3],
    ['a run that failed', { ...good, failures: ['no etcd'] }, 3],
    ['a vacuous run', { ...good, runs: [runWith(), vacuous] }, 2],
  ] as const)
    it(`is ${code} for ${what}`, () => assert.equal(exitCodeOf(result), code));
});

describe('the record of a robustness campaign', () => {
  it('adds up the runs', () => {
    const { passed, figures, etcd } = toProof({ ...good, runs: [runWith(), runWith()] }, 'x', true);
    assert.equal(passed, true);
    assert.deepEqual(etcd, ['3.7.1']);
    assert.deepEqual([figures['runs'], figures['operations'], figures['unknownOutcomes']], [2, 2_400, 24]);
    assert.equal(figures['effectiveFaults'], 8);
  });

  it('has a row for each run, fault and mutant, of as many cells as columns', () => {
    const { tables = {} } = toProof({ ...good, runs: [runWith(), invalid] }, 'x', true);
    assert.deepEqual(tables['faults']?.rows, [
      ['kill-leader', 6, 4],
      ['reset', 6, 4],
    ]);
    assert.deepEqual(
      tables['runs']?.rows.map((row) => row.slice(-3)),
      [
        ['valid', 'valid', 'valid'],
        ['VIOLATION', 'did not run', 'did not run'],
      ],
    );
    for (const { columns, rows } of Object.values(tables))
      for (const row of rows) assert.equal(row.length, columns.length);
  });

  it('has the broken clients in a record of their own, which passes if each was caught as expected', () => {
    const { passed, figures, tables = {} } = toMutantProof(good, 'x', true);
    assert.deepEqual([passed, figures['mutants'], figures['mutantsCaught']], [true, 1, 1]);
    assert.deepEqual(tables['mutants']?.rows, [['split', '3.7.1', 'atomic', 'atomic', 1, '']]);
    assert.equal(toMutantProof({ ...good, mutants: [mutantWith('reliable')] }, 'x', true).passed, false);
    assert.equal(toProof({ ...good, mutants: [mutantWith('reliable')] }, 'x', true).passed, true);
    assert.equal(toMutantProof({ ...good, mutants: [] }, 'x', true).passed, false);
  });

  it('has not passed without a run of the library itself', () => {
    assert.equal(toProof({ ...good, runs: [] }, 'x', true).passed, false);
  });

  it('has not passed while runs are missing', () => {
    assert.equal(toProof(good, 'x', false).passed, false);
  });
});
