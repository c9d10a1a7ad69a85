import assert from 'node:assert/strict';
import { FakeClock } from '../lease/fakes.js';
import { settled } from '../watch/fake-watch.js';

/** A clock that a test advances in steps, with everything that happens meanwhile. */
export class SteppedClock extends FakeClock {
  async pass(ms: number): Promise<void> {
    await settled();
    for (let left = ms; left > 0; left -= 50) {
      this.advance(Math.min(left, 50));
      await settled();
    }
  }

  /** Lets the time pass until the condition holds, at most one minute. */
  async passUntil(what: string, condition: () => boolean): Promise<void> {
    await settled();
    for (let ms = 0; !condition(); ms += 50) {
      assert.ok(ms < 60_000, `no ${what} in one minute`);
      await this.pass(50);
    }
  }
}
