import assert from 'node:assert/strict';
import { limits } from '#src/cli/ui/server/limits.js';
import { Sessions } from '#src/cli/ui/server/sessions.js';

describe('the sessions of the page', () => {
  let sessions: Sessions;

  beforeEach(() => {
    sessions = new Sessions();
  });

  it('have tokens of 256 bits, which are different each time', () => {
    const tokens = Array.from({ length: 10 }, () => sessions.createLink());
    for (const token of tokens) assert.equal(Buffer.from(token, 'base64url').length, 32);
    assert.equal(new Set(tokens).size, 10);
  });

  it('are created once for each one-time token', () => {
    const link = sessions.createLink();
    assert.ok(sessions.get(sessions.exchange(link)));
    assert.throws(() => sessions.exchange(link), { code: 'unauthorized' });
  });

  it('are not found by a one-time token, or by a part of their token', () => {
    const link = sessions.createLink();
    const token = sessions.exchange(link);
    for (const wrong of [link, '', token.slice(1), `${token}A`]) assert.equal(sessions.get(wrong), undefined);
  });

  it('are created for the right token, after any number of wrong ones', () => {
    const link = sessions.createLink();
    for (let i = 0; i < 1_000; i++)
      assert.throws(() => sessions.exchange(`wrong${i}`), { code: 'unauthorized' });
    assert.ok(sessions.exchange(link));
  });

  it('end with the least recently used one when there are too many', () => {
    const tokens = Array.from({ length: limits.sessions }, () => sessions.exchange(sessions.createLink()));
    const [first = '', second = ''] = tokens;
    const secondSignal = sessions.get(second)?.signal;
    for (const token of tokens) if (token !== second) assert.ok(sessions.get(token));
    sessions.exchange(sessions.createLink());
    assert.ok(sessions.get(first));
    assert.deepEqual([sessions.get(second), secondSignal?.aborted], [undefined, true]);
  });

  it('forget the oldest of too many unused links', () => {
    const [first = '', ...rest] = Array.from({ length: limits.links + 1 }, () => sessions.createLink());
    assert.throws(() => sessions.exchange(first), { code: 'unauthorized' });
    for (const link of rest) assert.ok(sessions.exchange(link));
  });

  it('end all together', () => {
    const link = sessions.createLink();
    const token = sessions.exchange(sessions.createLink());
    const signal = sessions.get(token)?.signal;
    sessions.close();
    assert.deepEqual([signal?.aborted, sessions.get(token)], [true, undefined]);
    assert.throws(() => sessions.exchange(link), { code: 'unauthorized' });
  });
});
