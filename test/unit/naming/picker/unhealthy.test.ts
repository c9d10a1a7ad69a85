import assert from 'node:assert/strict';
import { PickerFixture, shares } from './picker-fixture.js';

describe('an endpoint picker', () => {
  let fixture: PickerFixture;

  beforeEach(() => {
    fixture = new PickerFixture();
  });

  afterEach(() => fixture.etcd.close());

  describe('with an endpoint that was reported as unhealthy', () => {
    const ejected = async (...addrs: string[]) => {
      const picker = await fixture.pickerOf({ 'a:1': {}, 'b:1': {}, 'c:1': {} });
      for (const one of picker.endpoints) if (addrs.includes(one.addr)) one.markUnhealthy();
      return picker;
    };

    it('does not pick it for at least a second, and then again', async () => {
      const picker = await ejected('a:1');
      fixture.clock.jump(999);
      assert.deepEqual(shares(picker, 10), { 'b:1': 5, 'c:1': 5 });
      fixture.clock.jump(1_001);
      assert.equal(shares(picker, 300)['a:1'], 100);
    });

    it('avoids it longer when it fails again soon, up to 31 s', async () => {
      const picker = await ejected();
      const [a] = picker.endpoints;
      let avoidedMs = 0;
      for (let failures = 0; failures < 30; failures++) {
        a!.markUnhealthy();
        let waitedMs = 0;
        for (; !(shares(picker, 9)['a:1']! > 0); waitedMs += 500) fixture.clock.jump(500);
        avoidedMs = Math.max(avoidedMs, waitedMs);
      }
      assert.ok(avoidedMs > 10_000 && avoidedMs <= 31_500, `${avoidedMs} ms`);
    });

    it('counts the reports of many requests once', async () => {
      const picker = await ejected('a:1');
      const [a] = picker.endpoints;
      for (let i = 0; i < 500; i++) a!.markUnhealthy();
      fixture.clock.jump(2_000);
      assert.ok(shares(picker, 9)['a:1']);
    });

    it('picks all when every endpoint is unhealthy', async () => {
      const picker = await ejected('a:1', 'b:1', 'c:1');
      assert.deepEqual(Object.values(shares(picker, 9)), [3, 3, 3]);
    });

    it('picks an endpoint that drains when all others are unhealthy', async () => {
      const picker = await ejected('a:1', 'b:1', 'c:1');
      await fixture.put('d:1', { status: 'draining' });
      assert.deepEqual(shares(picker, 5), { 'd:1': 5 });
    });

    it('keeps avoiding it when its metadata changes', async () => {
      const picker = await ejected('a:1');
      await fixture.put('a:1', { weight: 5 });
      assert.equal(shares(picker, 10)['a:1'], undefined);
    });

    it('forgets it when it is removed: the report of a slow request does not concern its successor', async () => {
      const picker = await ejected('a:1');
      const old = picker.endpoints.find(({ addr }) => addr === 'a:1');
      await fixture.change((mirror) => mirror.remove('a:1'));
      old?.markUnhealthy();
      await fixture.put('a:1');
      old?.markUnhealthy();
      assert.equal(shares(picker, 300)['a:1'], 100);
      fixture.clock.jump(60_000);
      for (let i = 0; i < 30; i++) assert.notEqual(picker.pick(), old);
    });

    it('uses the other zone in proportion to what its own has lost', async () => {
      const own = { zone: 'a' };
      const records = { 'a:1': own, 'b:1': own, 'c:1': own, 'd:1': own, 'x:1': { zone: 'x' } };
      const picker = await fixture.pickerOf(records, { zone: 'a' });
      for (const one of picker.endpoints.slice(0, 2)) one.markUnhealthy();
      const { 'x:1': other = 0 } = shares(picker, 1_000); // half of the zone takes 1.4 / 2 of the calls
      assert.ok(Math.abs(other - 300) <= 1, `${other} of 1000`);
    });
  });
});
