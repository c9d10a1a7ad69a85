import assert from 'node:assert/strict';
import { DeadlineError, InvalidInputError, UnauthenticatedError } from '#src/errors/index.js';
import { type AuthOptions, checkAuth } from '#src/wire/auth.js';
import { tokenFetcher } from '#src/wire/authenticator.js';
import { expiryOf } from '#src/wire/jwt.js';
import { TokenSource } from '#src/wire/token.js';
import { secretOf } from '../../support/canary.js';

const secret = secretOf('a token');
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown) => `${base64url({ alg: 'none' })}.${base64url(claims)}.x`;
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the expiry of a token', () => {
  it('is what a JWT says', () => {
    assert.equal(expiryOf(jwt({ exp: 1_700_000_000 })), 1_700_000_000_000);
  });

  for (const token of [
    '',
    'abc',
    'qWerTy.12',
    jwt({}),
    jwt({ exp: 'soon' }),
    jwt([1]),
    jwt(null),
    'a.!!!.c',
  ]) {
    it(`is not known of '${token}'`, () => assert.equal(expiryOf(token), undefined));
  }
});

describe('a token source', () => {
  let now = 0;
  let asked: boolean[] = [];
  let give: (token: string | undefined) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const source = () => {
    now = 1_000_000;
    asked = [];
    return new TokenSource(
      (refused) => {
        asked.push(refused);
        return new Promise((resolve, reject) => {
          give = resolve;
          fail = reject;
        });
      },
      () => now,
      () => now,
    );
  };

  it('asks once for all who find the same token wanting', async () => {
    const tokens = source();
    const all = Promise.all(Array.from({ length: 500 }, () => tokens.refresh(0)));
    give('one');
    await all;
    await tokens.refresh(0);
    assert.deepEqual(asked, [false]);
    assert.equal(tokens.token, 'one');
    assert.equal(tokens.generation, 1);
  });

  it('says whether the last one was turned down', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give('one');
    await first;
    const second = tokens.refresh(1);
    give('two');
    await second;
    assert.deepEqual(asked, [false, true]);
  });

  it('lets wrong credentials stand for a second, then asks again', async () => {
    const tokens = source();
    const refusal = new UnauthenticatedError('no', { code: 16 });
    const first = tokens.refresh(0);
    fail(refusal);
    await assert.rejects(first, refusal);
    await assert.rejects(tokens.refresh(0), refusal);
    assert.equal(asked.length, 1);
    now += 1_001;
    const again = tokens.refresh(0);
    assert.equal(asked.length, 2);
    give('one');
    await again;
  });

  it('does not hold an outage against the credentials', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    fail(new DeadlineError('away'));
    await assert.rejects(first, DeadlineError);
    const second = tokens.refresh(0);
    give('one');
    await second;
    assert.equal(asked.length, 2);
  });

  it('renews a token that tells its end, once, well before it, while the old one still serves', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(jwt({ exp: now / 1_000 + 100 }));
    await first;
    now += 79_000;
    tokens.renewIfDue();
    assert.equal(asked.length, 1);
    now += 2_000;
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
      const token = jwt({ exp: now / 1_000 + 100 });
      const first = tokens.refresh(0);
      give(token);
      await first;
      now += 81_000;
      tokens.renewIfDue();
      return { tokens, token };
    };

    it('keeps the present token', async () => {
      const { tokens, token } = await renewing();
      give(token);
      await settled();
      assert.equal(tokens.generation, 1);
      assert.deepEqual(asked, [false, false]);
    });

    it('asks it once more when the token is turned down meanwhile, for all who wait', async () => {
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

  it('tries a failed renewal again after a second, and tells nobody', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(jwt({ exp: now / 1_000 + 10 }));
    await first;
    now += 9_000;
    tokens.renewIfDue();
    fail(new DeadlineError('away'));
    await settled();
    tokens.renewIfDue();
    assert.equal(asked.length, 2);
    now += 1_001;
    tokens.renewIfDue();
    assert.equal(asked.length, 3);
  });

  it('shows no token to whoever prints it', async () => {
    const tokens = source();
    const first = tokens.refresh(0);
    give(secret);
    await first;
    assert.ok(!JSON.stringify(tokens).includes(secret));
  });
});

describe('a token provider', () => {
  const noEtcd = () => Promise.reject(new Error('not asked'));
  const fetch = (tokenProvider: () => unknown, timeoutMs = 1_000) =>
    tokenFetcher({ tokenProvider } as unknown as AuthOptions, noEtcd, timeoutMs)(false);

  it('may answer at once or later', async () => {
    assert.equal(await fetch(() => 'now'), 'now');
    assert.equal(await fetch(async () => 'later'), 'later');
  });

  const bad: readonly (readonly [what: string, provider: () => unknown, told: RegExp])[] = [
    ['throws', () => assert.fail('broken'), /tokenProvider failed/],
    ['rejects', () => Promise.reject(new Error('broken')), /tokenProvider failed/],
    ['gives nothing', () => '', /no token/],
    ['gives no string', () => 5, /no token/],
  ];
  for (const [what, provider, told] of bad) {
    it(`that ${what} is told as a passing trouble`, async () => {
      await assert.rejects(fetch(provider), (error: { message: string; verdict?: string }) => {
        assert.match(error.message, told);
        return error.verdict === 'not-applied';
      });
    });
  }

  it('that never answers is given up on', async () => {
    await assert.rejects(
      fetch(() => new Promise(() => {}), 20),
      /no token within 20 ms/,
    );
  });
});

describe('auth options', () => {
  const bad: readonly (readonly [told: RegExp, auth: unknown])[] = [
    [/not an object/, 'root'],
    [/username/, {}],
    [/password/, { username: 'root' }],
    [/username is empty/, { username: '', password: secret }],
    [/password/, { username: 'root', password: 5 }],
    [/not a function/, { tokenProvider: secret }],
    [/one of them must go/, { username: 'root', password: secret, tokenProvider: () => secret }],
  ];
  for (const [told, auth] of bad) {
    it(`are refused without showing a secret: ${told.source}`, () => {
      assert.throws(
        () => checkAuth(auth as AuthOptions),
        (error) =>
          error instanceof InvalidInputError && told.test(error.message) && !error.message.includes(secret),
      );
    });
  }
});
