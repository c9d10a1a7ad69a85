import assert from 'node:assert/strict';
import { Code, errorFromServer, InvalidInputError, UnauthenticatedError } from '#src/errors/index.js';
import { type AuthOptions, checkAuth } from '#src/wire/auth/auth.js';
import { tokenFetcher } from '#src/wire/auth/token-fetcher.js';
import { secretOf } from '../../support/canary.js';

const secret = secretOf('a token');
const halfPair = `${secret}\udfff`;

describe('a token provider', () => {
  const noEtcd = () => Promise.reject(new Error('not asked'));
  const fetch = (tokenProvider: () => unknown, timeoutMs = 1_000) =>
    tokenFetcher({ tokenProvider } as unknown as AuthOptions, { authenticate: noEtcd, timeoutMs })(false);

  it('may return a token or a promise', async () => {
    assert.equal(await fetch(() => 'now'), 'now');
    assert.equal(await fetch(async () => 'later'), 'later');
  });

  const bad: readonly (readonly [what: string, provider: () => unknown, text: RegExp])[] = [
    ['throws', () => assert.fail('broken'), /tokenProvider failed/],
    ['rejects', () => Promise.reject(new Error('broken')), /tokenProvider failed/],
    ['returns an empty string', () => '', /no token/],
    ['returns a number', () => 5, /no token/],
    [
      'returns half of a surrogate pair',
      () => 'a\ud800',
      /returned a token that has half of a surrogate pair/,
    ],
  ];
  for (const [what, provider, text] of bad) {
    it(`that ${what} causes a transient error`, async () => {
      await assert.rejects(fetch(provider), (error: { message: string; verdict?: string }) => {
        assert.match(error.message, text);
        return error.verdict === 'not-applied';
      });
    });
  }

  it('that never answers fails after the timeout', async () => {
    await assert.rejects(
      fetch(() => new Promise(() => {}), 20),
      /no token within 20 ms/,
    );
  });
});

describe('a password function', () => {
  const refused = () =>
    errorFromServer(Code.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password');

  /** Requests a token with a provider that returns these passwords, from an etcd that accepts one of them. */
  async function fetch(passwords: readonly unknown[], taken: string) {
    const left = [...passwords];
    const [sent, pauses]: [string[], number[]] = [[], []];
    const password = () => (left.length > 1 ? left.shift() : left[0]);
    const token = tokenFetcher({ username: 'u', password } as unknown as AuthOptions, {
      timeoutMs: 1_000,
      authenticate: async (_, given) => {
        sent.push(given);
        if (given !== taken) throw refused();
        return 'a token';
      },
      pause: async (ms) => {
        pauses.push(ms);
      },
    })(false);
    return { result: await token.catch((error: unknown) => error), sent, pauses };
  }

  it('is called before each request for a token', async () => {
    const { result, sent } = await fetch(['one'], 'one');
    assert.deepEqual([result, sent], ['a token', ['one']]);
  });

  it('is called again after a refusal and a pause, and a new password is sent', async () => {
    const { result, sent, pauses } = await fetch(['one', 'two'], 'two');
    assert.deepEqual([result, sent, pauses], ['a token', ['one', 'two'], [1_000]]);
  });

  it('that returns the refused password again causes no second request, and the refusal is not final', async () => {
    const { result, sent } = await fetch(['one'], 'two');
    assert.deepEqual(sent, ['one']);
    assert.ok(result instanceof UnauthenticatedError);
    assert.equal(result.verdict, 'not-applied');
  });

  it('whose second password is refused too fails in the same way', async () => {
    const { result, sent } = await fetch(['one', 'two', 'three'], 'three');
    assert.deepEqual(sent, ['one', 'two']);
    assert.ok(result instanceof UnauthenticatedError);
    assert.equal(result.verdict, 'not-applied');
  });

  it('that fails causes a typed error', async () => {
    for (const password of [() => Promise.reject(new Error('sealed')), () => 5]) {
      const asking = tokenFetcher({ username: 'u', password } as unknown as AuthOptions, {
        timeoutMs: 1_000,
        authenticate: () => assert.fail('not asked'),
      })(false);
      await assert.rejects(asking, (error: { message: string; verdict?: string }) => {
        assert.match(error.message, /auth\.password (failed|returned no password)/);
        return error.verdict === 'not-applied';
      });
    }
  });

  it('may be a getter of the option, read each time', async () => {
    const passwords = ['one', 'two'];
    const auth = {
      username: 'u',
      get password() {
        return passwords.shift() ?? 'none';
      },
    };
    const sent: string[] = [];
    const fetch = tokenFetcher(auth, {
      timeoutMs: 1_000,
      authenticate: async (_, given) => {
        sent.push(given);
        return 'a token';
      },
    });
    await fetch(false);
    await fetch(true);
    assert.deepEqual(sent, ['one', 'two']);
  });
});

describe('auth options', () => {
  const bad: readonly (readonly [text: RegExp, auth: unknown])[] = [
    [/auth is a string; it must be an object/, secret],
    [/username/, {}],
    [/password/, { username: 'root' }],
    [/username is empty/, { username: '', password: secret }],
    [/password/, { username: 'root', password: 5 }],
    [/auth\.username has half of a surrogate pair/, { username: 'root\ud800', password: secret }],
    [/auth\.password has half of a surrogate pair/, { username: 'root', password: halfPair }],
    [/is not a function/, { tokenProvider: secret }],
    [/exclude each other/, { username: 'root', password: secret, tokenProvider: () => secret }],
  ];
  for (const [text, auth] of bad) {
    it(`are refused without showing a secret: ${text.source}`, () => {
      assert.throws(
        () => checkAuth(auth as AuthOptions),
        (error) =>
          error instanceof InvalidInputError && text.test(error.message) && !error.message.includes(secret),
      );
    });
  }
});
