import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { cancelAndCheckUnsent, isUnsent } from '#src/wire/call/unsent-call.js';

const idle = { state: constants.NGHTTP2_STREAM_STATE_IDLE };
const open = { state: constants.NGHTTP2_STREAM_STATE_OPEN };
const attempt = (http2Stream: unknown) => ({ call: { child: { http2Stream } } });
const callOf = (...underlyingCalls: unknown[]) => ({ child: { underlyingCalls } });

describe('a call that is still open', () => {
  const maybeSent: Readonly<Record<string, unknown>> = {
    'whose stream is open': callOf(attempt({ closed: false, destroyed: false, state: open })),
    'whose stream the server has closed': callOf(attempt({ closed: true, destroyed: false, state: idle })),
    'whose stream is gone': callOf(attempt({ closed: false, destroyed: true, state: {} })),
    'that was tried more than once': callOf(attempt(undefined), attempt(undefined)),
    'of which nothing is known': {},
    'that is built differently': { child: { underlyingCalls: [{ call: { child: {} } }] } },
    'that does not exist': undefined,
  };
  for (const [what, call] of Object.entries(maybeSent)) {
    it(`${what} may have been sent`, () => assert.equal(isUnsent(call), false));
  }

  const unsent: Readonly<Record<string, unknown>> = {
    'that waits for its configuration': { child: null },
    'that was not tried yet': callOf(),
    'that waits for a connection': callOf({ call: { child: null } }),
    'whose stream has no number yet': callOf(attempt({ closed: false, destroyed: false, pending: true })),
    'whose stream is held back': callOf(attempt({ closed: false, destroyed: false, state: idle })),
  };
  for (const [what, call] of Object.entries(unsent)) {
    it(`${what} is unsent`, () => assert.equal(isUnsent(call), true));
  }

  it('that is cancelled is unsent if its stream stays idle', () => {
    const stream = { closed: false, destroyed: false, state: idle };
    const cancel = () => Object.assign(stream, { closed: true });
    assert.equal(cancelAndCheckUnsent(callOf(attempt(stream)), cancel), true);
  });

  it('that is sent during its cancellation may have been sent', () => {
    const stream = { closed: false, destroyed: false, state: idle };
    const cancel = () => Object.assign(stream, { closed: true, state: open });
    assert.equal(cancelAndCheckUnsent(callOf(attempt(stream)), cancel), false);
  });
});
