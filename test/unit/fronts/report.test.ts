import assert from 'node:assert/strict';
import { allCells, type CellResult, cellName } from '../../fronts/matrix.js';
import { parseOptions } from '../../fronts/options.js';
import { formatTable, toProof, toTable, verdictOf } from '../../fronts/report.js';

const [cell] = allCells();
const result = (change: Partial<CellResult>): CellResult => {
  return { cell: cell!, problems: [], missed: undefined, errors: [], writes: 10, ambiguous: 1, ...change };
};

describe('the report of the front ends', () => {
  it('calls a cell whose event had no effect void', () => {
    assert.equal(verdictOf(result({})), 'ok');
    assert.equal(verdictOf(result({ problems: ['lost'] })), 'WRONG');
    assert.equal(verdictOf(result({ missed: 'nothing happened', problems: ['lost'] })), 'VOID');
  });

  it('calls a cell with a violation wrong, also if its event had no effect', () => {
    assert.equal(verdictOf(result({ missed: 'nothing happened', violations: ['a lost write'] })), 'WRONG');
    assert.equal(verdictOf(result({ violations: ['a lost write'] })), 'WRONG');
  });

  it('passes only if every cell is right', () => {
    assert.equal(toProof([result({ recoveryMs: 12.4 })], 'c', '3.6.16').passed, true);
    assert.equal(toProof([result({}), result({ missed: 'x' })], 'c', '3.6.16').passed, false);
    assert.equal(toProof([result({}), result({ problems: ['x'] })], 'c', '3.6.16').passed, false);
    assert.equal(toProof([], 'c', '3.6.16').passed, false);
  });

  it('aligns its columns', () => {
    const lines = formatTable(toTable([result({ recoveryMs: 12.4 }), result({ problems: ['x'] })])).split(
      '\n',
    );
    assert.equal(new Set(lines.map((line) => line.search(/verdict|ok|WRONG/))).size, 1);
  });
});

describe('the matrix of the front ends', () => {
  const names = allCells().map(cellName);

  it('has different cells', () => {
    assert.equal(new Set(names).size, names.length);
  });

  it('has every front end, mode and place of TLS', () => {
    const placements = new Set(names.map((name) => name.replace(/:.*/, '')));
    assert.equal(placements.size, 18, [...placements].join('\n'));
  });

  it('expects no success where etcd speaks HTTP/1.1 to the front end', () => {
    assert.deepEqual(
      names.filter((name) => name.startsWith('nginx tcp, TLS both')),
      ['nginx tcp, TLS both: no HTTP/2 to etcd'],
    );
  });
});

describe('the options of campaign:fronts', () => {
  it('refuses unknown and wrong ones', () => {
    assert.throws(() => parseOptions(['--unknown']), TypeError);
    assert.throws(() => parseOptions(['--at-once', '0']), TypeError);
  });
});
