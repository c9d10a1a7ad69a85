import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const builder = () => new HistoryBuilder().put('svc/a');

describe('the naming chaos check of convergence', () => {
  it('accepts a slow convergence within the limit', () => {
    assertValid(builder().converge('kill-leader', { N5: 19_000, R2: 300 }), 'N5 convergences', 1);
  });

  it('N4, N5, R1, R2: detects a convergence that takes too long or does not occur', () => {
    for (const property of ['N4', 'N5', 'R1', 'R2'] as const) {
      assertViolation(builder().converge('kill-leader', { [property]: 20_001 }), property);
      assertViolation(builder().converge('kill-leader', { [property]: undefined }), property);
      assertViolation(
        builder()
          .converge('reset', {})
          .converge('stall', { [property]: 60_000 }),
        property,
      );
    }
  });

  it('N8: detects views that differ from the new store after a wipe', () => {
    assertViolation(builder().converge('wipe', { N5: undefined }), 'N8');
    assertViolation(builder().converge('wipe', { N4: 30_000 }), 'N8');
    assertValid(builder().converge('wipe', { N5: 4_000 }), 'N8 convergences', 2);
  });

  it('N8: detects a viewer that does not report a wipe, reports another reason, or reports a wipe that did not occur', () => {
    const wiped = () => builder().add({ kind: 'wiped', at: 1_000, viewers: ['v.0', 'w.0'] });
    const reported = (viewer: string, reason = 'rolled-back', at = 2_000) =>
      ({ kind: 'relisted', viewer, reason, at }) as const;
    assertValid(wiped().add(reported('v.0'), reported('w.0')), 'N8 wipes', 2);
    assertViolation(wiped().add(reported('v.0')), 'N8');
    assertViolation(wiped().add(reported('v.0'), reported('w.0', 'compacted')), 'N8');
    assertViolation(builder().add(reported('v.0')), 'N8');
    assertValid(builder().add(reported('v.0', 'initial'), reported('v.0', 'compacted')), 'N8 wipes', 0);
  });

  it('T: detects members that report different events for a revision', () => {
    assertViolation(
      builder().add({ kind: 'conflict', revision: 2n, members: ['m0', 'm1'], versions: [[], []] }),
      'T',
    );
  });
});
