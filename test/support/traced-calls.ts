import assert from 'node:assert/strict';
import { type CallTrace, diagnosticsChannels } from '#src/diagnostics/index.js';

/**
 * Collects the calls of the client with this name that end in each test, and the names of the channels on which each was
 * published. Call it inside a `describe`.
 */
export function useTracedCalls(name: string) {
  let ended: CallTrace[] = [];
  let order: string[] = [];
  const on = (channel: string) => (call: CallTrace) => {
    if (call.client !== name) return;
    order.push(channel);
    if (channel === 'asyncEnd') ended.push(call);
  };
  const handlers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  };
  beforeEach(() => {
    [ended, order] = [[], []];
    diagnosticsChannels.call.subscribe(handlers);
  });
  afterEach(() => diagnosticsChannels.call.unsubscribe(handlers));
  return {
    order: () => order,
    ended: () => ended,
    /** The only call. */
    call(): CallTrace {
      assert.equal(ended.length, 1);
      return ended[0]!;
    },
  };
}

/** Where the attempts were sent, and whether they failed. */
export const attemptsOf = ({ attempts }: CallTrace) =>
  attempts.map(({ number, endpoint, reads, error, durationMs }) => {
    assert.ok(durationMs !== undefined);
    return { number, endpoint, reads, failed: error !== undefined };
  });
