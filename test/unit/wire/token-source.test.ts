import assert from 'node:assert/strict';
import { Code, DeadlineError, errorFromServer, UnauthenticatedError } from '#src/errors/index.js';
import { TokenSource } from '#src/wire/auth/token.js';
import { secretOf } from '../../support/canary.js';
import { FakeClock } from '../lease/fakes.js';

const secret = secretOf('a token');
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown) => `${base64url({ alg: 'none' })}.${base64url(claims)}.x`;
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a token source', () => {
  let clock = new FakeClock();
  let random = 0.75;
  let asked: boolean[] = [];
  let give: (token: string | undefined) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const source = () => {
    clock = new FakeClock();
    random = 0.75;
    asked = [];
    return new TokenSource(
      (refused) => {
        asked.push(refused);
        return new Promise((resolve, reject) => {
          give = resolve;
          fail = reject;
        });
      },
      { clock, wallNow: () => clock.now(), random: () => random },
    );
  };

  it('fetches once for all callers that were refused with the same token', async () => {
    const tokens = source();
    const all = Promise.all(Array.from({ length: 500 }, () => tokens.refresh(0)));
    give('one');
    await all;
    await tokens.refresh(0);
    assert.deepEqual(asked, [false]);
    assert.equal(tokens.token, 'one');
    assert.equal(tokens.generation, 1);
  });

  it('passes on whether the last token was refused', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give('one');
    await first;
    const second = tokens.refresh(1);
    give('two');
    await second;
    assert.deepEqual(asked, [false, true]);
  });

  it('returns a refusal of the credentials for a second, then asks again', async () => {
    const tokens = source();
    const refusal = new UnauthenticatedError('no', { code: 16 });
    const first = tokens.refresh(0);
    fail(refusal);
    await assert.rejects(first, refusal);
    await assert.rejects(tokens.refresh(0), refusal);
    assert.equal(asked.length, 1);
    clock.jump(1_001);
    const again = tokens.refresh(0);
    assert.equal(asked.length, 2);
    give('one');
    await again;
  });

  it('does not cache an outage', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    fail(new DeadlineError('away'));
    await assert.rejects(first, DeadlineError);
    const second = tokens.refresh(0);
    give('one');
    await second;
    assert.equal(asked.length, 2);
  });

  it('renews a token once, well before its stated expiry, while the old one is still in use', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(jwt({ exp: clock.now() / 1_000 + 100 }));
    await first;
    clock.jump(79_000);
    tokens.renewIfDue();
    assert.equal(asked.length, 1);
    clock.jump(2_000);
    tokens.renewIfDue();
    tokens.renewIfDue();
    assert.deepEqual(asked, [false, false]);
    assert.equal(tokens.generation, 1);
    give('newer');
    await settled();
    assert.equal(tokens.token, 'newer');
    assert.equal(tokens.generation, 2);
  });

  describe('whose provider has nothing newer', () => {
    const renewing = async () => {
      const tokens = source();
      const token = jwt({ exp: clock.now() / 1_000 + 100 });
      const first = tokens.refresh(0);
      give(token);
      await first;
      clock.jump(81_000);
      tokens.renewIfDue();
      return { tokens, token };
    };

    it('keeps the current token', async () => {
      const { tokens, token } = await renewing();
      give(token);
      await settled();
      assert.equal(tokens.generation, 1);
      assert.deepEqual(asked, [false, false]);
    });

    it('asks it once more for all waiting callers when the token is refused meanwhile', async () => {
      const { tokens, token } = await renewing();
      const all = Promise.all([tokens.refresh(1), tokens.refresh(1)]);
      give(token);
      await settled();
      assert.deepEqual(asked, [false, false, true]);
      give(token);
      await all;
      assert.equal(tokens.generation, 2);
      assert.equal(asked.length, 3);
    });
  });

  it('repeats a failed renewal after a second, without reporting it', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(jwt({ exp: clock.now() / 1_000 + 10 }));
    await first;
    clock.jump(9_000);
    tokens.renewIfDue();
    fail(new DeadlineError('away'));
    await settled();
    tokens.renewIfDue();
    assert.equal(asked.length, 2);
    clock.jump(1_001);
    tokens.renewIfDue();
    assert.equal(asked.length, 3);
  });

  it('asks at growing intervals while the credentials are refused, and at the first interval again after they were accepted', async () => {
    const tokens = source();
    random = 0;
    const refusal = new UnauthenticatedError('no', { code: Code.UNAUTHENTICATED });
    const askedAt: number[] = [];
    for (const start = clock.now(); clock.now() < start + 120_000; clock.jump(250)) {
      const before = asked.length;
      const refused = assert.rejects(tokens.refresh(0), refusal);
      if (asked.length > before) askedAt.push(clock.now() - start);
      fail(refusal);
      await refused;
    }
    assert.deepEqual(askedAt, [0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000]);
    clock.jump(30_000);
    const taken = tokens.refresh(0);
    give('one');
    await taken;
    const refused = assert.rejects(tokens.refresh(1), refusal);
    fail(refusal);
    await refused;
    clock.jump(1_000);
    const again = tokens.refresh(1);
    give('two');
    await again;
  });

  describe('whose token became old with a change of roles', () => {
    const old = errorFromServer(Code.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old');
    const withToken = async () => {
      const tokens = source();
      const first = tokens.refresh(0);
      give('one');
      await first;
      return tokens;
    };

    it('asks at a random moment within a second, so that a fleet spreads its requests', async () => {
      const tokens = await withToken();
      const second = tokens.refresh(1, { cause: old });
      clock.advance(749);
      assert.equal(asked.length, 1);
      clock.advance(1);
      await settled();
      assert.equal(asked.length, 2);
      give('two');
      await second;
    });

    it('asks sooner for a caller with little time, even if another came first', async () => {
      const tokens = await withToken();
      const both = [tokens.refresh(1, { cause: old }), tokens.refresh(1, { cause: old, withinMs: 400 })];
      clock.advance(100);
      await settled();
      assert.equal(asked.length, 2);
      give('two');
      await Promise.all(both);
    });

    it('keeps asking as long as roles change', async () => {
      const tokens = await withToken();
      for (let generation = 1; generation < 20; generation++) {
        const next = tokens.refresh(generation, { cause: old });
        clock.advance(1_000);
        await settled();
        give(`token ${generation}`);
        await next;
      }
      assert.equal(asked.length, 20);
    });
  });

  it('pauses before it asks when tokens are refused right after their issue', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give('one');
    await first;
    const cause = errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');
    const waits: number[] = [];
    for (let generation = 1; generation < 8; generation++) {
      const began = clock.now();
      const next = tokens.refresh(generation, { cause });
      while (asked.length === generation) {
        clock.advance(1);
        await settled();
      }
      waits.push(Math.round((clock.now() - began) / 10) * 10);
      give(`token ${generation}`);
      await next;
    }
    assert.deepEqual(waits, [0, 80, 150, 300, 600, 1_200, 2_400]);
  });

  it('ignores an expiry that is past on arrival', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(jwt({ exp: clock.now() / 1_000 - 1 }));
    await first;
    for (let second = 0; second < 100; second++) {
      clock.jump(1_000);
      tokens.renewIfDue();
    }
    assert.equal(asked.length, 1);
  });

  it('renews the tokens of a fleet at different moments', async () => {
    const dueAfter = async (share: number) => {
      const tokens = source();
      random = share;
      const first = tokens.refresh(0);
      give(jwt({ exp: clock.now() / 1_000 + 100 }));
      await first;
      for (let seconds = 1; ; seconds++) {
        clock.jump(1_000);
        tokens.renewIfDue();
        if (asked.length === 2) return seconds;
      }
    };
    assert.deepEqual([await dueAfter(0), await dueAfter(0.5), await dueAfter(0.999)], [65, 75, 85]);
  });

  it('has no token after a discard, and fetches one after the next refusal', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give('one');
    await first;
    tokens.discard(1);
    assert.deepEqual([tokens.token, tokens.generation], [undefined, 2]);
    tokens.discard(1);
    assert.equal(tokens.generation, 2, 'it has another one meanwhile');
  });

  it('does not print its token', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(secret);
    await first;
    assert.ok(!JSON.stringify(tokens).includes(secret));
  });
});
