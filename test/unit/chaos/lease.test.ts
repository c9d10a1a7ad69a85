import { HistoryBuilder } from './history-builder.js';
import { assertNoViolation, assertViolation } from './support.js';

const ttlMs = 3_000;

/** Leases of three seconds; the first renewal is due after one. */
function heldAndRenewed(): { builder: HistoryBuilder; lease: bigint } {
  const builder = new HistoryBuilder();
  const lease = builder.hold();
  for (const at of [1_000, 2_005, 3_010]) {
    builder.renew(lease, at);
    builder.checkHeld(lease, at + 100, true);
  }
  return { builder, lease };
}

describe('a correct history of leases', () => {
  it('has no violation when the owner ends it', () => {
    const { builder, lease } = heldAndRenewed();
    const revision = builder.apply({ put: 'l', value: 'a', lease });
    builder.op({ type: 'put', key: 'l', value: 'a', lease }, { type: 'put', revision });
    builder.op({ type: 'revoke', lease }, { type: 'revoked' });
    builder.endLease(lease, 3_500, 'revoked');
    builder.apply({ delete: 'l' });
    assertNoViolation(builder.end());
  });

  it('has no violation when etcd becomes silent and the owner is notified in time', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 9_000);
    builder.renew(lease, 4_015, null);
    builder.endLease(lease, 3_010 + ttlMs * 0.98, 'lost-contact');
    builder.checkHeld(lease, 6_200, false);
    assertNoViolation(builder.end());
  });

  it('has no violation when an answer comes after the end', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, { after: 9_000 });
    builder.endLease(lease, 3_010 + ttlMs * 0.98, 'lost-contact');
    assertNoViolation(builder.end());
  });

  it('has no violation when an answer comes between the loss and its report', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, { after: 3_010 + ttlMs * 0.98 - 4_015 });
    builder.endLease(lease, 3_011 + ttlMs * 0.98, 'lost-contact');
    assertNoViolation(builder.end());
  });

  it('has no violation when etcd reports that the lease does not exist', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_015, { ttlSeconds: 0 });
    builder.endLease(lease, 4_020, 'expired');
    assertNoViolation(builder.end());
  });

  it('has no violation when the process is stopped for longer than the TTL, and reports the end first when it continues', () => {
    const { builder, lease } = heldAndRenewed();
    builder.stall(3_500, 9_000);
    builder.endLease(lease, 9_001, 'lost-contact');
    builder.checkHeld(lease, 9_002, false);
    assertNoViolation(builder.end());
  });

  it('has no violation when the grant takes longer than the TTL, and the loss is reported with it', () => {
    const builder = new HistoryBuilder();
    const lease = builder.hold(3_500);
    builder.checkHeld(lease, 3_501, false);
    builder.endLease(lease, 3_502, 'lost-contact');
    builder.fault(0, 9_000);
    assertNoViolation(builder.end());
  });

  it('has no violation when a grant is sent twice with one id', () => {
    const builder = new HistoryBuilder();
    const lease = builder.hold();
    const [first] = builder.facts;
    if (first?.kind !== 'attempt') throw new Error('the first fact is the grant');
    builder.facts.push({ ...first, sentAt: 5, endedAt: 9, code: 14 });
    builder.endLease(lease, 100, 'closed');
    assertNoViolation(builder.end());
  });
});

describe('L1: a lease is not renewed after its end', () => {
  for (const reason of ['lost-contact', 'revoked', 'closed'] as const) {
    it(`is violated by a renewal after ${reason}`, () => {
      const { builder, lease } = heldAndRenewed();
      builder.fault(3_500, 9_000);
      builder.endLease(lease, reason === 'lost-contact' ? 5_950 : 3_600, reason);
      builder.renew(lease, 6_500, null);
      assertViolation(builder.end(), 'L1');
    });
  }
});

describe('L2: the owner is notified of a loss in time', () => {
  it('is violated by counting the TTL from the answer', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 9_000);
    builder.renew(lease, 4_000, { after: 900 });
    builder.endLease(lease, 4_900 + ttlMs * 0.98, 'lost-contact');
    assertViolation(builder.end(), 'L2');
  });

  it('is violated by counting the TTL from the answer to the grant', () => {
    const builder = new HistoryBuilder();
    builder.fault(0, 9_000);
    const lease = builder.hold();
    builder.endLease(lease, 3_200, 'lost-contact');
    assertViolation(builder.end(), 'L2');
  });

  it('is violated by a loss that is never reported', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, null);
    builder.now = 15_000;
    builder.put('k', 'a');
    assertViolation(builder.end(), 'L2');
  });

  it('is violated by an answer that is accepted although it arrives too late', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, { after: 2_500 });
    builder.endLease(lease, 6_600, 'closed');
    assertViolation(builder.end(), 'L2');
  });
});

describe('L3: a lease that is not lost is not reported lost', () => {
  it('is violated by a loss after an answer that came in time', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, { after: 3_010 + ttlMs * 0.94 - 4_015 });
    builder.endLease(lease, 3_010 + ttlMs * 0.98, 'lost-contact');
    assertViolation(builder.end(), 'L3');
  });

  it('is violated by a loss that is reported long after a late answer', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 20_000);
    builder.renew(lease, 4_015, { after: 3_010 + ttlMs * 0.98 - 4_015 });
    builder.endLease(lease, 3_100 + ttlMs, 'lost-contact');
    assertViolation(builder.end(), 'L3');
  });

  it('is violated by a report at the first unanswered renewal', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_015, null);
    builder.endLease(lease, 4_500, 'lost-contact');
    assertViolation(builder.end(), 'L3');
  });

  it('is violated by the reason expired without such an answer of etcd', () => {
    const { builder, lease } = heldAndRenewed();
    builder.endLease(lease, 3_600, 'expired');
    assertViolation(builder.end(), 'L3');
  });

  it('is violated by a report after a pause that is shorter than the TTL', () => {
    const { builder, lease } = heldAndRenewed();
    builder.stall(3_100, 4_500);
    builder.endLease(lease, 4_510, 'lost-contact');
    assertViolation(builder.end(), 'L3');
  });
});

describe('L4: a lease is renewed every third of its TTL', () => {
  it('is violated by a late first renewal', () => {
    const builder = new HistoryBuilder();
    const lease = builder.hold();
    builder.renew(lease, 1_500);
    builder.endLease(lease, 1_600, 'closed');
    assertViolation(builder.end(), 'L4');
  });

  it('is violated by a pause between two renewals', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_900);
    builder.endLease(lease, 5_000, 'closed');
    assertViolation(builder.end(), 'L4');
  });

  it('is violated if renewals stop before the end', () => {
    const { builder, lease } = heldAndRenewed();
    builder.endLease(lease, 5_000, 'closed');
    assertViolation(builder.end(), 'L4');
  });

  it('holds if a fault or a stopped process delays a renewal', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_900, 4_100);
    builder.renew(lease, 5_000);
    builder.stall(9_005, 9_900);
    for (const at of [6_000, 7_000, 8_000, 9_000, 10_850]) builder.renew(lease, at);
    builder.endLease(lease, 11_000, 'closed');
    assertNoViolation(builder.end());
  });
});

describe('L5: a lease that does not exist in etcd is reported immediately', () => {
  it('is violated by a report only at the end of the TTL', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_015, { ttlSeconds: 0 });
    builder.endLease(lease, 4_900, 'expired');
    assertViolation(builder.end(), 'L5');
  });

  it('is violated by another renewal before the report', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_015, { ttlSeconds: 0 });
    builder.renew(lease, 4_100, { ttlSeconds: 0 });
    builder.endLease(lease, 4_106, 'expired');
    assertViolation(builder.end(), 'L5');
  });

  it('is violated by a close in place of the report', () => {
    const { builder, lease } = heldAndRenewed();
    builder.renew(lease, 4_015, { ttlSeconds: 0 });
    builder.endLease(lease, 4_500, 'closed');
    assertViolation(builder.end(), 'L5');
  });
});

describe('L6: held is false when the lease may have expired', () => {
  it('is violated if held is true directly after the process was stopped', () => {
    const { builder, lease } = heldAndRenewed();
    builder.stall(3_500, 9_000);
    builder.checkHeld(lease, 9_001, true);
    builder.endLease(lease, 9_002, 'lost-contact');
    assertViolation(builder.end(), 'L6');
  });

  it('is violated if held is true between the end and its report', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 9_000);
    builder.checkHeld(lease, 6_015, true);
    builder.endLease(lease, 6_020, 'lost-contact');
    assertViolation(builder.end(), 'L6');
  });

  it('is violated if held is true after the report', () => {
    const { builder, lease } = heldAndRenewed();
    builder.fault(3_500, 9_000);
    builder.endLease(lease, 5_950, 'lost-contact');
    builder.checkHeld(lease, 6_500, true);
    assertViolation(builder.end(), 'L6');
  });
});

describe('L7: a grant leaves no lease without an owner', () => {
  const grant = { kind: 'attempt', op: 7, rpc: 'LeaseGrant', endedAt: 9, code: 14, text: '' } as const;

  it('is violated by a second attempt with another id', () => {
    const builder = new HistoryBuilder();
    builder.facts.push({ ...grant, sentAt: 1, lease: 5n }, { ...grant, sentAt: 2, lease: 6n });
    assertViolation(builder.end(), 'L7');
  });

  it('is violated by a second attempt that leaves the id to etcd', () => {
    const builder = new HistoryBuilder();
    builder.facts.push({ ...grant, sentAt: 1, lease: 0n }, { ...grant, sentAt: 2, lease: 0n });
    assertViolation(builder.end(), 'L7');
  });

  it('is violated by a lease that never expires', () => {
    const builder = new HistoryBuilder();
    builder.facts.push({ ...grant, sentAt: 1, lease: 5n });
    assertViolation(builder.end({ leases: [5n] }), 'L7');
  });
});
