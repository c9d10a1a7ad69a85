import { Scene } from './scene.js';
import { assertFlags, assertGood } from './support.js';

const ttlMs = 3_000;

/** Leases of three seconds; the first renewal is due after one. */
function heldAndRenewed(): { scene: Scene; lease: bigint } {
  const scene = new Scene();
  const lease = scene.hold();
  for (const at of [1_000, 2_005, 3_010]) {
    scene.renew(lease, at);
    scene.claim(lease, at + 100, true);
  }
  return { scene, lease };
}

describe('a history of leases in which all is well', () => {
  it('has no violation when the owner ends it', () => {
    const { scene, lease } = heldAndRenewed();
    const revision = scene.apply({ put: 'l', value: 'a', lease });
    scene.op({ type: 'put', key: 'l', value: 'a', lease }, { type: 'put', revision });
    scene.op({ type: 'revoke', lease }, { type: 'revoked' });
    scene.tell(lease, 3_500, 'revoked');
    scene.apply({ delete: 'l' });
    assertGood(scene.end());
  });

  it('has no violation when etcd falls silent and the owner is notified in time', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 9_000);
    scene.renew(lease, 4_015, null);
    scene.tell(lease, 3_010 + ttlMs * 0.98, 'lost-contact');
    scene.claim(lease, 6_200, false);
    assertGood(scene.end());
  });

  it('has no violation when an answer comes after the end', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 20_000);
    scene.renew(lease, 4_015, { after: 9_000 });
    scene.tell(lease, 3_010 + ttlMs * 0.98, 'lost-contact');
    assertGood(scene.end());
  });

  it('has no violation when etcd says that the lease is gone', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_015, { ttlSeconds: 0 });
    scene.tell(lease, 4_020, 'expired');
    assertGood(scene.end());
  });

  it('has no violation when the process stands still beyond the lease, and looks first when it goes on', () => {
    const { scene, lease } = heldAndRenewed();
    scene.stall(3_500, 9_000);
    scene.tell(lease, 9_001, 'lost-contact');
    scene.claim(lease, 9_002, false);
    assertGood(scene.end());
  });

  it('has no violation when the grant takes longer than the lease, and its loss is reported with it', () => {
    const scene = new Scene();
    const lease = scene.hold(3_500);
    scene.claim(lease, 3_501, false);
    scene.tell(lease, 3_502, 'lost-contact');
    scene.fault(0, 9_000);
    assertGood(scene.end());
  });

  it('has no violation when a grant is sent twice with one id', () => {
    const scene = new Scene();
    const lease = scene.hold();
    const [first] = scene.facts;
    if (first?.kind !== 'attempt') throw new Error('the first fact is the grant');
    scene.facts.push({ ...first, sentAt: 5, endedAt: 9, code: 14 });
    scene.tell(lease, 100, 'closed');
    assertGood(scene.end());
  });
});

describe('L1, nothing is renewed after its end', () => {
  for (const reason of ['lost-contact', 'revoked', 'closed'] as const) {
    it(`is broken by a renewal after ${reason}`, () => {
      const { scene, lease } = heldAndRenewed();
      scene.fault(3_500, 9_000);
      scene.tell(lease, reason === 'lost-contact' ? 5_950 : 3_600, reason);
      scene.renew(lease, 6_500, null);
      assertFlags(scene.end(), 'L1');
    });
  }
});

describe('L2, the owner is notified in time', () => {
  it('is broken by counting from the answer', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 9_000);
    scene.renew(lease, 4_000, { after: 900 });
    scene.tell(lease, 4_900 + ttlMs * 0.98, 'lost-contact');
    assertFlags(scene.end(), 'L2');
  });

  it('is broken by counting from the answer to the grant', () => {
    const scene = new Scene();
    scene.fault(0, 9_000);
    const lease = scene.hold();
    scene.tell(lease, 3_200, 'lost-contact');
    assertFlags(scene.end(), 'L2');
  });

  it('is broken by never telling', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 20_000);
    scene.renew(lease, 4_015, null);
    scene.now = 15_000;
    scene.put('k', 'a');
    assertFlags(scene.end(), 'L2');
  });

  it('is broken by an answer that comes too late and is taken for good', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 20_000);
    scene.renew(lease, 4_015, { after: 2_500 });
    scene.tell(lease, 6_600, 'closed');
    assertFlags(scene.end(), 'L2');
  });
});

describe('L3, no lease is reported lost that is not', () => {
  it('is broken by losing heart at the first silence', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_015, null);
    scene.tell(lease, 4_500, 'lost-contact');
    assertFlags(scene.end(), 'L3');
  });

  it('is broken by calling expired what etcd never called so', () => {
    const { scene, lease } = heldAndRenewed();
    scene.tell(lease, 3_600, 'expired');
    assertFlags(scene.end(), 'L3');
  });

  it('is broken by taking a pause within the lease for a loss', () => {
    const { scene, lease } = heldAndRenewed();
    scene.stall(3_100, 4_500);
    scene.tell(lease, 4_510, 'lost-contact');
    assertFlags(scene.end(), 'L3');
  });
});

describe('L4, a lease is renewed at a third of its time', () => {
  it('is broken by a first renewal that comes late', () => {
    const scene = new Scene();
    const lease = scene.hold();
    scene.renew(lease, 1_500);
    scene.tell(lease, 1_600, 'closed');
    assertFlags(scene.end(), 'L4');
  });

  it('is broken by a pause between two', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_900);
    scene.tell(lease, 5_000, 'closed');
    assertFlags(scene.end(), 'L4');
  });

  it('is broken by leaving off before the end', () => {
    const { scene, lease } = heldAndRenewed();
    scene.tell(lease, 5_000, 'closed');
    assertFlags(scene.end(), 'L4');
  });

  it('is kept when something was broken, or the process stood still', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_900, 4_100);
    scene.renew(lease, 5_000);
    scene.stall(9_005, 9_900);
    for (const at of [6_000, 7_000, 8_000, 9_000, 10_850]) scene.renew(lease, at);
    scene.tell(lease, 11_000, 'closed');
    assertGood(scene.end());
  });
});

describe('L5, a lease that etcd calls gone is reported immediately', () => {
  it('is broken by going on until the time is up', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_015, { ttlSeconds: 0 });
    scene.tell(lease, 4_900, 'expired');
    assertFlags(scene.end(), 'L5');
  });

  it('is broken by asking once more', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_015, { ttlSeconds: 0 });
    scene.renew(lease, 4_100, { ttlSeconds: 0 });
    scene.tell(lease, 4_106, 'expired');
    assertFlags(scene.end(), 'L5');
  });

  it('is broken by a close that hides it', () => {
    const { scene, lease } = heldAndRenewed();
    scene.renew(lease, 4_015, { ttlSeconds: 0 });
    scene.tell(lease, 4_500, 'closed');
    assertFlags(scene.end(), 'L5');
  });
});

describe('L6, nothing is claimed that may be gone', () => {
  it('is broken by a claim right after the process stood still', () => {
    const { scene, lease } = heldAndRenewed();
    scene.stall(3_500, 9_000);
    scene.claim(lease, 9_001, true);
    scene.tell(lease, 9_002, 'lost-contact');
    assertFlags(scene.end(), 'L6');
  });

  it('is broken by a claim between the end and its report', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 9_000);
    scene.claim(lease, 6_015, true);
    scene.tell(lease, 6_020, 'lost-contact');
    assertFlags(scene.end(), 'L6');
  });

  it('is broken by a claim after the report', () => {
    const { scene, lease } = heldAndRenewed();
    scene.fault(3_500, 9_000);
    scene.tell(lease, 5_950, 'lost-contact');
    scene.claim(lease, 6_500, true);
    assertFlags(scene.end(), 'L6');
  });
});

describe('L7, a grant leaves no orphan', () => {
  const grant = { kind: 'attempt', op: 7, rpc: 'LeaseGrant', endedAt: 9, code: 14, text: '' } as const;

  it('is broken by a second sending with another id', () => {
    const scene = new Scene();
    scene.facts.push({ ...grant, sentAt: 1, lease: 5n }, { ...grant, sentAt: 2, lease: 6n });
    assertFlags(scene.end(), 'L7');
  });

  it('is broken by a second sending that lets etcd choose', () => {
    const scene = new Scene();
    scene.facts.push({ ...grant, sentAt: 1, lease: 0n }, { ...grant, sentAt: 2, lease: 0n });
    assertFlags(scene.end(), 'L7');
  });

  it('is broken by a lease that never runs out', () => {
    const scene = new Scene();
    scene.facts.push({ ...grant, sentAt: 1, lease: 5n });
    assertFlags(scene.end({ leases: [5n] }), 'L7');
  });
});
