import { assertBreaks, assertKeeps, Scene } from './scene.js';

const scene = () => new Scene().put('svc/a');

describe('the naming chaos, the check of convergence', () => {
  it('passes what took its time', () => {
    assertKeeps(scene().converge('kill-leader', { N5: 19_000, R2: 300 }), 'N5 convergences', 1);
  });

  it('N4, N5, R1, R2: finds what took too long, or never came', () => {
    for (const promise of ['N4', 'N5', 'R1', 'R2'] as const) {
      assertBreaks(scene().converge('kill-leader', { [promise]: 20_001 }), promise);
      assertBreaks(scene().converge('kill-leader', { [promise]: undefined }), promise);
      assertBreaks(
        scene()
          .converge('reset', {})
          .converge('stall', { [promise]: 60_000 }),
        promise,
      );
    }
  });

  it('N8: finds views that are not the new store’s after a wipe', () => {
    assertBreaks(scene().converge('wipe', { N5: undefined }), 'N8');
    assertBreaks(scene().converge('wipe', { N4: 30_000 }), 'N8');
    assertKeeps(scene().converge('wipe', { N5: 4_000 }), 'N8 convergences', 2);
  });

  it('N8: finds a viewer that does not report a wipe, reports another reason, or reports a wipe that was none', () => {
    const wiped = () => scene().add({ kind: 'wiped', at: 1_000, viewers: ['v.0', 'w.0'] });
    const reported = (viewer: string, reason = 'rolled-back', at = 2_000) =>
      ({ kind: 'relisted', viewer, reason, at }) as const;
    assertKeeps(wiped().add(reported('v.0'), reported('w.0')), 'N8 wipes', 2);
    assertBreaks(wiped().add(reported('v.0')), 'N8');
    assertBreaks(wiped().add(reported('v.0'), reported('w.0', 'compacted')), 'N8');
    assertBreaks(scene().add(reported('v.0')), 'N8');
    assertKeeps(scene().add(reported('v.0', 'initial'), reported('v.0', 'compacted')), 'N8 wipes', 0);
  });

  it('T: finds members that tell different things', () => {
    assertBreaks(
      scene().add({ kind: 'conflict', revision: 2n, members: ['m0', 'm1'], versions: [[], []] }),
      'T',
    );
  });
});
