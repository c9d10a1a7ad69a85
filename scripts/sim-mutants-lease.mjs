// Mutants of the lease core: each replaces a text that occurs exactly once in the compiled core.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const timing = 'timing.js';
const core = 'keep-alive-core.js';
const streams = 'renewal-streams.js';
const stream = 'renewal-stream.js';
const queue = '../../async/time/due-queue.js';
const failureAction = 'failure-action.js';

export const mutants = [
  // Until when a lease is reported as held.
  one('no margin for clock drift', timing, 'ttlMs * (1 - driftMargin)', 'ttlMs'),
  many(
    'the TTL counts from the reply, as in Go',
    [core, 'handle(input, now) {', 'handle(input, now) { this.now = now;'],
    [core, 'const { renewal, sentAt } = request;', 'const { renewal } = request; const sentAt = this.now;'],
  ),
  one(
    'replies are matched to the newest request',
    stream,
    'return first;',
    'let last = first; while (last.next) last = last.next; return last;',
  ),
  one(
    'replies on the previous stream are dropped',
    streams,
    'return this.#unresponsive?.key === key ? this.#unresponsive : undefined;',
    'return undefined;',
  ),
  one('TTL 0 does not end the lease', core, 'if (ttlMs <= 0)', 'if (ttlMs < 0)'),

  // When the end is reported.
  one('expiry is not checked first', core, 'if (now >= this.#earliestExpiry)', 'if (false)'),
  one(
    'the expiry of a new lease is not checked',
    core,
    'this.#earliestExpiry = Math.min(this.#earliestExpiry, held.endsAt);',
    '',
  ),
  one(
    'expiry is checked only once',
    core,
    'else\n                this.#earliestExpiry = Math.min(this.#earliestExpiry, endsAt);',
    '',
  ),
  one('the timer is set only once', core, 'this.#timerAt = Number.POSITIVE_INFINITY;\n        for', 'for'),
  one(
    'a lease that ended stays in the queue',
    core,
    'this.#held.delete(held.lease);\n        this.#dropRenewal(held);',
    'this.#held.delete(held.lease);',
  ),
  one(
    'holding an id again does not end its earlier lease',
    core,
    "this.#endLease(this.#held.get(held.lease), 'expired');",
    '',
  ),
  one(
    'the renewal of an aborted call stays in the queue',
    core,
    'if (oneShot)\n            this.#dropRenewal(oneShot);',
    '',
  ),

  // How often it is renewed.
  one('renewed at half of its TTL', timing, 'return ttlMs / 3;', 'return ttlMs / 2;'),
  one('renewed far too early', timing, 'const batchingShare = 0.01;', 'const batchingShare = 0.2;'),
  one('jitter delays renewals', timing, '(1 - jitter * random())', '(1 + jitter * random())'),
  one(
    'sent again on the same stream',
    core,
    'if (renewal.pendingOn && this.#streams.isCurrent(renewal.pendingOn)) {',
    'if (false) {',
  ),
  one(
    'the right half of the queue is not searched',
    queue,
    'right && left && right.dueAt < left.dueAt ? right : left',
    'left',
  ),
  one(
    'the queue is out of order after a removal',
    queue,
    'if (!this.#rise(last))\n            this.#sink(last);',
    '',
  ),

  // Where it is renewed.
  one(
    'the unresponsive member is asked again',
    streams,
    "this.#emit({ type: 'report-unresponsive', stream: silent.key });",
    '',
  ),
  one(
    'only the first waiting renewal moves',
    streams,
    'return [...silent.waitingRenewals()];',
    'return [...silent.waitingRenewals()].slice(0, 1);',
  ),
  one(
    'the pending requests of a lost stream are not sent again',
    core,
    'for (const renewal of toResend)',
    'for (const renewal of [])',
  ),
  one(
    'the request of keepAliveOnce is not sent again',
    core,
    'for (const renewal of toResend)',
    "for (const renewal of toResend.filter(({ type }) => type === 'held'))",
  ),
  one('no pause before the next stream', streams, 'this.#reopenAt = now + ', 'this.#reopenAt = now + 0 * '),
  one('an idle stream is never closed', core, 'else if (now >= this.#idleCloseAt)', 'else if (false)'),
  one(
    'the previous stream is never closed',
    streams,
    "this.#emit({ type: 'close-stream', stream: this.#unresponsive.key });",
    '{}',
  ),

  // Which lease a result is for.
  one(
    'an error with several leases pending ends the first',
    stream,
    'this.#pending.size === 1 ? first : undefined',
    'first',
  ),
  one(
    'a reply for an earlier lease with the same id counts',
    core,
    'return renewal === held || sentAt >= held.grantedAt;',
    'return true;',
  ),
  one(
    'the end of an earlier lease with the same id counts',
    core,
    'if (held && !concernsLease(request, held))',
    'if (false)',
  ),
  one(
    'a refusal of one lease ends all',
    core,
    'this.#endLease(held, reason, withCause(error));',
    'for (const one of [...this.#held.values()]) this.#endLease(one, reason, withCause(error));',
  ),
  one('a refusal is not final', failureAction, "return 'unauthorized';", "return 'transient';"),
  one('several suspects are renewed together', streams, 'this.#serialized = this.#suspects.size > 0;', ''),
  one(
    'requests stay serialized forever',
    streams,
    'this.#serialized = false;\n        return request;',
    ';\n        return request;',
  ),
  one('an invalid token is not refreshed', failureAction, "return 'reauthenticate';", "return 'transient';"),
  one(
    'renewals wait for a failed token refresh',
    core,
    'this.#streams.onTokenRefreshed();\n        if (error.verdict',
    'if (error.verdict',
  ),
];
