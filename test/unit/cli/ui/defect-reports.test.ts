import assert from 'node:assert/strict';
import { DefectReports } from '#src/cli/ui/defect-reports.js';

describe('the reports of defects', () => {
  let now: number;
  let reports: DefectReports;

  beforeEach(() => {
    now = 5;
    reports = new DefectReports({ now: () => now, setTimer: () => () => {} });
  });

  it('are one a minute for the same defect', () => {
    const report = () => reports.isDue(new Error('a'));
    assert.deepEqual([report(), report(), reports.isDue(new Error('b'))], [true, false, true]);
    now += 59_999;
    assert.equal(report(), false);
    now += 1;
    assert.deepEqual([report(), report()], [true, false]);
  });
});
