// What is wrong with each mutant of the lease core: texts of the compiled core, each there exactly once, and their stead.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const held = 'held.js';
const core = 'keep-alive-core.js';
const streams = 'streams.js';
const stream = 'stream-state.js';
const queue = '../../async/due-queue.js';
const fate = 'failure-action.js';

export const mutants = [
  // How long a lease is believed held.
  one('no margin for drift', held, 'ttlMs * (1 - driftMargin)', 'ttlMs'),
  many(
    'counted from the answer, as Go does',
    [core, 'handle(input, now) {', 'handle(input, now) { this.now = now;'],
    [core, 'const { by, sentAt } = asked;', 'const { by } = asked; const sentAt = this.now;'],
  ),
  one(
    'answers are matched to the newest request',
    stream,
    'return first;',
    'let last = first; while (last.next) last = last.next; return last;',
  ),
  one(
    'answers of the stream before are dropped',
    streams,
    'return this.#unresponsive?.key === key ? this.#unresponsive : undefined;',
    'return undefined;',
  ),
  one('TTL 0 is no end', core, 'if (ttlMs <= 0)', 'if (ttlMs < 0)'),

  // When its owner is told.
  one('no check before anything else', core, 'if (now >= this.#earliestEnd)', 'if (false)'),
  one(
    'a new lease is not watched for its end',
    core,
    'this.#earliestEnd = Math.min(this.#earliestEnd, kept.endsAt);',
    '',
  ),
  one(
    'the check is made once',
    core,
    'else\n                this.#earliestEnd = Math.min(this.#earliestEnd, endsAt);',
    '',
  ),
  one('the timer is set once', core, 'this.#wakeAt = Number.POSITIVE_INFINITY;\n        for', 'for'),
  one(
    'a lease that ended stays in the queue',
    core,
    'this.#kept.delete(kept.lease);\n        this.#forget(kept);',
    'this.#kept.delete(kept.lease);',
  ),
  one(
    'an id that is held again leaves its earlier lease behind',
    core,
    "this.#finish(this.#kept.get(kept.lease), 'expired');",
    '',
  ),
  one('a caller that left is renewed for', core, 'if (once)\n            this.#forget(once);', ''),

  // How often it is renewed.
  one('renewed at half of its TTL', held, 'return ttlMs / 3;', 'return ttlMs / 2;'),
  one('renewed far too early', held, 'const shareable = 0.01;', 'const shareable = 0.2;'),
  one('jitter to the wrong side', held, '(1 - jitter * random())', '(1 + jitter * random())'),
  one(
    'asked again on the same stream',
    core,
    'if (renewal.askedOn && this.#streams.isCurrent(renewal.askedOn)) {',
    'if (false) {',
  ),
  one(
    'the later half of the queue is not looked at',
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
    'the silent member is asked again',
    streams,
    "this.#emit({ type: 'doubt-stream', stream: silent.key });",
    '',
  ),
  one(
    'only the first of those that wait moves',
    streams,
    'return [...silent.waiting()];',
    'return [...silent.waiting()].slice(0, 1);',
  ),
  one(
    'what a lost stream owed is not asked again',
    core,
    'for (const renewal of again)',
    'for (const renewal of [])',
  ),
  one(
    'a keep-alive-once is not sent again',
    core,
    'for (const renewal of again)',
    "for (const renewal of again.filter(({ type }) => type === 'kept'))",
  ),
  one('no pause before the next stream', streams, 'this.#reopenAt = now + ', 'this.#reopenAt = now + 0 * '),
  one('streams are never closed when idle', core, 'else if (now >= this.#idleAt)', 'else if (false)'),
  one(
    'the stream before is never let go of',
    streams,
    "this.#emit({ type: 'close-stream', stream: this.#unresponsive.key });",
    '{}',
  ),

  // Whom it is about.
  one('the first of several leases is blamed', stream, 'this.#asked.size === 1 ? first : undefined', 'first'),
  one(
    'an answer about an earlier lease of the same id counts',
    core,
    'return by === kept || sentAt >= kept.since;',
    'return true;',
  ),
  one(
    'the end of an earlier lease of the same id counts',
    core,
    'if (kept && !isAbout(ended.asked, kept))',
    'if (false)',
  ),
  one(
    'a refused lease ends the others',
    core,
    'this.#finish(kept, ended.reason, withCause(error));',
    'for (const one of [...this.#kept.values()]) this.#finish(one, ended.reason, withCause(error));',
  ),
  one('a refusal is not the last word', fate, "return 'unauthorized';", "return 'passing';"),
  one('several suspects are asked together', streams, 'this.#serialized = this.#suspects.size > 0;', ''),
  one(
    'careful for ever',
    streams,
    'this.#serialized = false;\n        return asked;',
    ';\n        return asked;',
  ),
  one('an old token is used on', fate, "return 'reauthenticate';", "return 'passing';"),
  one(
    'a refresh that failed is waited for',
    core,
    'this.#streams.token();\n        if (error.verdict',
    'if (error.verdict',
  ),
];
