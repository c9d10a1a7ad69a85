import assert from 'node:assert/strict';
import { ElapsedClock, type MachineClocks } from '#src/async/index.js';

/** Clocks that the test moves. */
class FakeClocks implements MachineClocks {
  readonly uptimeStepMs = 10;
  uptimeReads = 0;
  #monotonic = 5_000.4;
  #wall = 1_700_000_000_000;
  #uptime = 77_000;

  monotonic(): number {
    return this.#monotonic;
  }

  wall(): number {
    return Math.floor(this.#wall);
  }

  uptime(): number {
    this.uptimeReads++;
    return Math.floor(this.#uptime / 10) * 10;
  }

  run(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
    this.#uptime += ms;
  }

  sleep(ms: number): void {
    this.#wall += ms;
    this.#uptime += ms;
  }

  setWall(byMs: number): void {
    this.#wall += byMs;
  }
}

describe('an elapsed clock', () => {
  it('follows the monotonic clock, and reads the uptime once', () => {
    const clocks = new FakeClocks();
    const clock = new ElapsedClock(clocks);
    const start = clock.now();
    for (let i = 0; i < 1_000; i++) {
      clocks.run(3.7);
      clock.now();
    }
    assert.ok(Math.abs(clock.now() - start - 3_700) < 1e-6);
    assert.equal(clocks.uptimeReads, 1);
  });

  it('includes each time the machine slept', () => {
    const clocks = new FakeClocks();
    const clock = new ElapsedClock(clocks);
    const start = clock.now();
    clocks.run(100);
    clocks.sleep(60_000);
    assert.ok(Math.abs(clock.now() - start - 60_100) <= 20);
    clocks.run(50);
    clocks.sleep(3_000);
    assert.ok(Math.abs(clock.now() - start - 63_150) <= 20);
  });

  it('does not jump when the time of day is set', () => {
    const clocks = new FakeClocks();
    const clock = new ElapsedClock(clocks);
    const start = clock.now();
    clocks.setWall(3_600_000);
    clocks.run(100);
    assert.ok(Math.abs(clock.now() - start - 100) < 1e-6);
    clocks.setWall(-7_200_000);
    clocks.run(100);
    assert.ok(Math.abs(clock.now() - start - 200) < 1e-6);
    clocks.sleep(5_000);
    assert.ok(Math.abs(clock.now() - start - 5_200) <= 20, 'it still detects a sleep');
  });

  it('never goes back', () => {
    const clocks = new FakeClocks();
    const clock = new ElapsedClock(clocks);
    let last = clock.now();
    for (let i = 0; i < 300; i++) {
      if (i % 3 === 0) clocks.sleep(i * 7);
      if (i % 5 === 0) clocks.setWall(i % 2 ? -i * 11 : i * 13);
      clocks.run(0.5);
      const now = clock.now();
      assert.ok(now > last);
      last = now;
    }
  });

  it('fires a timer that became due during a sleep at the next read', async () => {
    const clocks = new FakeClocks();
    const clock = new ElapsedClock(clocks);
    const hour = 3_600_000;
    let cancelledFired = false;
    const fired = new Promise<void>((resolve) => clock.setTimer(hour, resolve));
    clock.setTimer(hour, () => {
      cancelledFired = true;
    })();
    clocks.sleep(2 * hour);
    clock.now();
    const alive = setInterval(() => {}, 1_000);
    await fired;
    clearInterval(alive);
    assert.equal(cancelledFired, false);
  });

  it("agrees with the machine's clock", () => {
    const clock = new ElapsedClock();
    const before = performance.now();
    const now = clock.now();
    const after = performance.now();
    assert.ok(before <= now && now <= after, `${before} <= ${now} <= ${after}`);
  });
});
