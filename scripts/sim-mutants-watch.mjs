// The mutants of the watch core: texts of the compiled core, each of which occurs exactly once, and their replacements.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const cursor = 'cursor.js';
const session = 'session.js';
const replies = 'decisions/replies.js';
const cancellations = 'decisions/cancellations.js';
const pins = 'decisions/pin-reads.js';
const rollbacks = 'decisions/rollback-checks.js';
const failures = 'decisions/stream-failures.js';
const action = 'decisions/failure-action.js';
const starts = 'decisions/start-checks.js';
const tokens = 'decisions/token-renewal.js';
const slot = 'stream/stream-slot.js';
const stream = 'stream/stream-state.js';
const backoff = 'stream/reopen-backoff.js';
const queue = 'stream/create-queue.js';
const table = 'watcher/transitions.js';
const lifecycle = 'watcher/lifecycle.js';
const state = 'watcher/watcher-state.js';
const fragments = 'watcher/fragments.js';
const check = 'watcher/batch-check.js';
const reports = 'watcher/reports.js';
const retries = 'watcher/watcher-retries.js';
const waiters = 'watcher/token-waiters.js';
const pinWaiters = 'watcher/pin-waiters.js';

export const mutants = [
  // The cursor.
  one(
    'cursor follows the header',
    cursor,
    'reply.fragment ? last : last + 1n',
    'reply.fragment ? last : reply.headerRevision + 1n',
  ),
  one('cursor one too low', cursor, 'reply.fragment ? last : last + 1n', 'last'),
  one(
    'cursor one too high',
    cursor,
    'reply.fragment ? last : last + 1n',
    'reply.fragment ? last : last + 2n',
  ),
  one('a fragment counts as complete', cursor, 'reply.fragment ? last : last + 1n', 'last + 1n'),
  one(
    'progress moves the cursor back',
    cursor,
    'return max(current, reply.headerRevision + 1n)',
    'return reply.headerRevision + 1n',
  ),
  one(
    'created moves the cursor',
    replies,
    'state.raiseKnownRevision(headerRevision);',
    "state.applyProgress({ kind: 'progress', headerRevision });",
  ),
  one(
    'a watch from now starts at the pinned revision',
    state,
    'this.#cursor = revision + 1n;',
    'this.#cursor = revision;',
  ),
  one(
    'a paused watcher continues after the seen revision',
    session,
    'this.#lifecycle.apply(state, input.type);',
    "if (state.phase === 'paused' && input.type === 'buffer-drained')\n                    state.pin(state.knownRevision);\n                this.#lifecycle.apply(state, input.type);",
  ),

  // Fragments and order.
  one(
    'the first fragments of a revision are lost',
    fragments,
    'return before.concat(events);',
    'return events;',
  ),
  one('an incomplete revision is delivered', fragments, 'if (!fragment && before.length === 0)', 'if (true)'),
  one(
    'an incomplete revision outlives its stream',
    state,
    'this.#phase = phase;\n        this.#fragments = undefined;',
    'this.#phase = phase;',
  ),
  one(
    'no guard against old events',
    state,
    'if (!first || first.kv.modRevision > this.#lastDelivered)',
    'if (true)',
  ),
  one(
    'the guard against old events uses the header',
    state,
    'this.#lastDelivered = lastRevision(fresh);',
    'this.#lastDelivered = reply.headerRevision;',
  ),
  one(
    'the guard against old events is one too low',
    state,
    'events.filter((event) => event.kv.modRevision > this.#lastDelivered)',
    'events.filter((event) => event.kv.modRevision >= this.#lastDelivered)',
  ),

  // Replies that no etcd sends.
  one('corrupt replies are accepted', slot, 'return violation === undefined ?', 'return true ?'),
  one('events out of order are accepted', check, 'if (kv.modRevision < last)', 'if (false)'),
  one('events outside of the range are accepted', check, 'if (!contains(range, kv.key))', 'if (false)'),
  one('events newer than their response are accepted', check, 'last > headerRevision', 'false'),
  one('duplicate events are accepted', check, 'return hasDuplicateKey(events)', 'return false'),
  one(
    'a stream with a corrupt reply stays open',
    slot,
    'stream.close(false);\n        this.#backoff.onMalformed();',
    'return undefined;',
  ),

  // Creates, ids and cancels.
  many(
    'a refusal closes the live watcher with that id',
    [slot, 'stream.takeRefused()', 'stream.takeRefused(watchId)'],
    [
      stream,
      'takeRefused() {\n        return this.#takeAnswered(this.#creates.takeRefused());',
      'takeRefused(watchId) {\n        const asked = this.#takeAnswered(this.#creates.takeRefused());\n        return this.#live.get(watchId) ?? asked;',
    ],
  ),
  one(
    'a late answer is not cancelled',
    stream,
    'this.#sendCancel(watchId);\n            return undefined;',
    'return undefined;',
  ),
  one(
    'a removed watcher is not cancelled',
    stream,
    'if (this.#live.delete(watchId))\n            this.#sendCancel(watchId);',
    'this.#live.delete(watchId);',
  ),
  one(
    'watch ids are reused',
    stream,
    'const watchId = this.#context.newWatchId();\n        state.watchId',
    'const watchId = 1000n + BigInt(state.key);\n        state.watchId',
  ),
  one(
    'the create window opens immediately',
    queue,
    'this.#echoesIds ? maxPendingCreates : 1',
    'maxPendingCreates',
  ),
  one(
    'a waiting watcher is lost with its stream',
    slot,
    'state.watchId = undefined;\n            this.#waiting.add(state);',
    'state.watchId = undefined;',
  ),

  // Progress.
  one(
    'progress counts for watchers acknowledged after the request',
    stream,
    'this.#progressRequests.takeCovered() : [watchId]',
    '(this.#progressRequests.takeCovered(), [...this.#live.keys()]) : [watchId]',
  ),
  many(
    'progress counts for unacknowledged watchers',
    [
      stream,
      'this.#progressRequests.takeCovered() : [watchId]',
      '[...this.#progressRequests.takeCovered(), ...this.#creating.keys()] : [watchId]',
    ],
    [
      stream,
      'const state = this.#live.get(id);',
      'const state = this.#live.get(id) ?? this.#creating.get(id);',
    ],
  ),
  many(
    'progress is requested from untrusted servers',
    [stream, 'if (!this.#progressTrusted ||', 'if ('],
    [
      stream,
      "this.#arm('stable', stableAfterMs);",
      "this.#arm('stable', stableAfterMs);\n        this.#arm('progress', 100);",
    ],
  ),

  // Streams that are silent.
  one('silence is never noticed', stream, 'if (this.#silent)\n                this.#probe();', ''),
  one(
    'an unanswered progress request counts as silence',
    stream,
    "this.#context.emit({ type: 'send-probe', slot: this.#slot, watchId });",
    '',
  ),
  one(
    'a silent stream is probed without a timeout',
    stream,
    "watchId });\n        this.#arm('create-timeout', createTimeoutMs);\n    }\n    #take",
    'watchId });\n    }\n    #take',
  ),
  one(
    'the answer to a probe is not awaited as one',
    stream,
    "this.#creates.add(watchId);\n        this.#context.emit({ type: 'send-probe'",
    "this.#context.emit({ type: 'send-probe'",
  ),

  // Compaction.
  one(
    'a compaction is skipped silently',
    cancellations,
    'this.#lifecycle.end(state, historyCompactedError(state.cursor, compactRevision));',
    "{ state.pin(compactRevision - 1n); this.#lifecycle.apply(state, 'pin-moved'); }",
  ),
  one('pins again after events', state, 'this.#isPinnedWithoutEvents &&', ''),
  one(
    'pins again after it was ready',
    cancellations,
    'else if (state.readyRevision !== undefined) {',
    'else if (false) {',
  ),
  one(
    'a compaction below the cursor ends the watcher',
    cancellations,
    'if (compactRevision <= state.cursor) {',
    'if (false) {',
  ),
  one('a compaction before ready ends the watcher', state, 'this.readyRevision === undefined || ', ''),
  one(
    'ready below the pinned revision',
    replies,
    'max(headerRevision, state.knownRevision)',
    'headerRevision',
  ),

  // A delete at the compacted revision, which old releases lose.
  one('a start is never checked', starts, 'if (losesDeletes)', 'if (false)'),
  one(
    'a watcher acknowledged before the release was known is not checked',
    starts,
    'for (const state of slot.watchers)\n            this.#requestCheck(state, losesDeletes);',
    '',
  ),
  one(
    'an unchecked start is forgotten when the watcher moves',
    state,
    'this.#phase = phase;\n        this.#fragments = undefined;',
    'this.uncheckedStart = undefined;\n        this.#phase = phase;\n        this.#fragments = undefined;',
  ),
  one(
    'a start found compacted does not end the watcher',
    cancellations,
    'this.#lifecycle.end(state, startCompactedError(startRevision));',
    '',
  ),
  one(
    'pins again over a promised delete',
    cancellations,
    'state.canRepin(startRevision + 1n)',
    'state.canRepin(startRevision)',
  ),
  one(
    'pins again below proven progress',
    cancellations,
    'max(state.readyRevision, state.cursor - 1n)',
    'state.readyRevision',
  ),

  // One read pins all watchers that were requested before it was sent.
  one(
    'a read serves watchers that were requested after it was sent',
    pinWaiters,
    'const served = this.#served.filter(isWaiting);',
    'const served = [...this.#served, ...this.#waiting].filter(isWaiting);\n        this.#waiting = [];',
  ),
  one(
    'each watcher sends its own read',
    pinWaiters,
    "if (this.#read !== 'none')",
    "if (this.#read === 'scheduled')",
  ),
  one(
    'a refused read ends the watchers that it did not read for',
    pins,
    'const concernsKey = !(error instanceof UnauthenticatedError);',
    'const concernsKey = false;',
  ),
  one(
    'a watcher whose key was refused reads again',
    pins,
    'if (fail.concernsKey && state !== reader)',
    'if (fail.concernsKey)',
  ),
  one('the others are lost when a read is refused', pins, 'pinWaiters.add(state);', ';'),
  one(
    'watchers that wait are not read for after a read',
    pins,
    "this.#lifecycle.apply(state, 'pinned');\n        }\n        this.#lifecycle.pinWaiters.readNext();",
    "this.#lifecycle.apply(state, 'pinned');\n        }",
  ),
  one(
    'watchers that wait are not read for after a failed read',
    pins,
    'fail.apply(state);\n        }\n        pinWaiters.readNext();',
    'fail.apply(state);\n        }',
  ),
  one('a watcher that left is pinned', pinWaiters, "return phase === 'pinning';", 'return true;'),

  // Rollback.
  one('no rollback check', replies, 'headerRevision > 0n && headerRevision < state.knownRevision', 'false'),
  many(
    'rollback without confirmation',
    [
      replies,
      "import { max } from '../cursor.js';",
      "import { RolledBackError } from '../../../errors/index.js';\nimport { max } from '../cursor.js';",
    ],
    [
      replies,
      'this.#rollbacks.begin(state);',
      'this.#lifecycle.end(state, new RolledBackError(state.knownRevision, headerRevision));',
    ],
  ),
  one(
    'the rollback check uses what was seen after its read',
    rollbacks,
    'revision < state.rollbackFloor',
    'revision < state.knownRevision',
  ),
  one('a second suspicion of a rollback is ignored', state, 'this.#rollbackCheck.needsAnother = true;', ''),
  one(
    'a failed rollback check counts as passed',
    rollbacks,
    "this.#lifecycle.apply(state, 'check-failed');",
    '',
  ),

  // Tokens.
  one(
    'each watcher asks for a token',
    waiters,
    'const isFirst = !this.#isRequested;',
    'const isFirst = true;',
  ),
  one(
    'tokens are requested without limit',
    tokens,
    'const maxTokenRefusals = 2;',
    'const maxTokenRefusals = 1e9;',
  ),
  one(
    'an old refusal counts for the new token',
    cancellations,
    'this.#tokens.onRefused(state, error, generation);',
    'this.#tokens.onRefused(state, error);',
  ),
  one("a token's refusals count repeatedly", state, 'if (token > refusals.token)', 'if (true)'),
  one(
    'a slot keeps the generation of its first token',
    slot,
    'this.generation = this.#context.tokenGeneration;',
    '',
  ),
  one(
    'a new pin keeps the seen revision of a lost store',
    state,
    'this.#knownRevision = revision;',
    'this.raiseKnownRevision(revision);',
  ),
  one(
    'streams with old tokens are never merged',
    failures,
    'for (const state of [...slot.watchers])',
    'for (const state of [])',
  ),
  one(
    'an expired token ends the watcher',
    action,
    "if (needsNewToken(error))\n        return 'reauthenticate';\n    const",
    "if (needsNewToken(error))\n        return 'end';\n    const",
  ),
  one(
    'a watcher that waits for a token is lost',
    tokens,
    'if (isNewer)\n                this.#lifecycle.retry(state);\n            else',
    'if (!isNewer)',
  ),
  one(
    'a watcher waits forever if no newer token comes',
    tokens,
    'const isNewer = generation > this.#context.tokenGeneration;',
    'const isNewer = generation > this.#context.tokenGeneration;\n        if (!isNewer)\n            return;',
  ),

  // Failures and recovery.
  one(
    'a transient reason ends the watcher',
    action,
    "return isTransient ? 'resume' : 'end';",
    "return 'end';",
  ),
  one(
    'a lost stream ends its watchers',
    action,
    'case Code.PERMISSION_DENIED:',
    'case Code.UNAVAILABLE:\n        case Code.PERMISSION_DENIED:',
  ),
  one(
    'a delivery does not reset the backoff',
    session,
    'if (this.#replies.onEvents(outcome.state, outcome.reply))\n                    slot.onAdvanced();',
    'this.#replies.onEvents(outcome.state, outcome.reply);',
  ),
  one(
    'the backoff does not grow',
    backoff,
    'backoffDelay(reopenBackoff, this.#failures++,',
    'backoffDelay(reopenBackoff, 0 * this.#failures++,',
  ),
  one(
    'a created reply resets the backoff',
    session,
    'this.#replies.onAcknowledged(outcome.state, outcome.headerRevision);',
    'this.#replies.onAcknowledged(outcome.state, outcome.headerRevision);\n                slot.onAdvanced();',
  ),
  one(
    'the backoff of one watcher does not grow',
    retries,
    'backoffDelay(reopenBackoff, state.failures,',
    'backoffDelay(reopenBackoff, 0,',
  ),
  one(
    'the attach timer is never armed',
    stream,
    "fragments });\n        this.#arm('create-timeout', createTimeoutMs);",
    'fragments });',
  ),
  one('a watcher is retried only once', retries, 'this.#waiting.clear();', ''),
  one('one oversized response ends the watchers', failures, 'if (alone && state.oversized)', 'if (true)'),
  one(
    'one oversized response ends watchers of a shared stream',
    failures,
    'if (alone && state.oversized)',
    'if (state.oversized)',
  ),

  // Responses above the receive limit.
  one('fragments are asked for from the start', state, 'fragments = false;', 'fragments = true;'),
  one(
    'fragments are never asked for',
    failures,
    'state.oversized = state.fragments;\n        state.fragments = true;',
    '',
  ),
  one(
    'one watcher of a stream with an oversized response asks for fragments',
    failures,
    'state.oversized = state.fragments;\n        state.fragments = true;',
    'state.fragments = true;\n        break;',
  ),
  one(
    'a watcher that is alone on its stream does not ask for fragments',
    failures,
    'if (created.every(({ fragments }) => fragments))',
    'if (created.length === 1 || created.every(({ fragments }) => fragments))',
  ),
  one(
    'a delivery ends the fragments',
    state,
    'this.failures = 0;\n        this.oversized = false;',
    'this.failures = 0;\n        this.oversized = false;\n        this.fragments = false;',
  ),
  one(
    'an oversized response ends a watcher that did not ask for fragments yet',
    failures,
    'return suspects;',
    'return created;',
  ),

  // Which watchers are live.
  many(
    'a moving watcher counts as live on a lost stream',
    [
      table,
      "'create-sent': to('creating'),\n        'stream-lost': lostStream,",
      "'create-sent': to('creating'),\n        'stream-lost': to('waiting'),",
    ],
    [
      table,
      "'stream-lost': lostStream,\n        'pin-moved': ignored, // it is created below",
      "'stream-lost': to('waiting'),\n        'pin-moved': ignored, // it is created below",
    ],
  ),
  one(
    'a paused watcher counts as live',
    table,
    "to('paused', 'leave-slot', 'report-interrupted')",
    "to('paused', 'leave-slot')",
  ),
  one(
    'a watcher that waits for a token counts as live',
    table,
    "live: {\n        'server-cancelled': to('cancelled', 'report-interrupted'),",
    "live: {\n        'server-cancelled': to('cancelled'),",
  ),
  one(
    'a watcher that resumes from a pause does not become live',
    reports,
    "else if (liveness !== 'live')",
    "else if (liveness !== 'live' && !state.slot?.dedicated)",
  ),

  // What the session does with the outcomes of a slot.
  one(
    'the outcome of a timer is dropped',
    session,
    'this.#apply(slot, slot.onTimer(timer));',
    'slot.onTimer(timer);',
  ),
  one(
    'progress does not reset the backoff',
    session,
    'if (this.#replies.onProgress(state, outcome.reply))\n                        slot.onAdvanced();',
    'this.#replies.onProgress(state, outcome.reply);',
  ),
  one('a lost stream is opened again without a pause', failures, 'slot.pause(error);', ''),
  one(
    'a watcher that the server has cancelled stays on its slot',
    slot,
    "this.remove(state);\n        return { kind: 'cancelled'",
    "return { kind: 'cancelled'",
  ),

  // The table of transitions, and what performs its effects.
  one(
    'a lost stream is not reported',
    table,
    "const lostStream = to('waiting', 'report-interrupted');",
    "const lostStream = to('waiting');",
  ),
  one(
    'a watcher keeps its slot while it backs off',
    table,
    "to('backing-off', 'leave-slot', ",
    "to('backing-off', ",
  ),
  one('a watcher backs off unreported', table, "'report-interrupted', 'schedule-retry'", "'schedule-retry'"),
  one(
    'a watcher that left stays on its slot',
    table,
    "unwatched: to('ended', 'leave-slot', 'forget')",
    "unwatched: to('ended', 'forget')",
  ),
  one(
    'a watcher that left is not forgotten',
    table,
    "unwatched: to('ended', 'leave-slot', 'forget')",
    "unwatched: to('ended', 'leave-slot')",
  ),
  one(
    'a failed watcher is not forgotten',
    table,
    "to('ended', 'leave-slot', 'forget', 'report-end')",
    "to('ended', 'leave-slot', 'report-end')",
  ),
  one(
    'an end is not reported',
    table,
    "to('ended', 'leave-slot', 'forget', 'report-end')",
    "to('ended', 'leave-slot', 'forget')",
  ),
  one(
    'a watch from now that was never pinned starts at 0 after a pause',
    lifecycle,
    "state.needsPin ? 'retry-pin' : 'retry'",
    "'retry'",
  ),
  one(
    'a watch from now is not pinned again after a pause',
    table,
    "'retry-pin': to('pinning', 'await-pin'),\n        ...onNoSlot",
    "'retry-pin': to('pinning'),\n        ...onNoSlot",
  ),
  one(
    'a watcher that receives from below its new pin goes on',
    table,
    "truncated: to('waiting', 'create-again'),\n        'pin-moved': toShared",
    "truncated: to('waiting', 'create-again'),\n        'pin-moved': ignored",
  ),

  // Slots and pauses.
  one(
    'a paused watcher resumes on a shared stream',
    table,
    "to('waiting', 'move-to-dedicated-or-shared')",
    'toShared',
  ),
  one(
    'a watcher that is far behind stays on the shared stream',
    replies,
    'if (ahead || isFarBehind(state.cursor, headerRevision))',
    'if (false)',
  ),
  one(
    'a caught-up watcher stays on its dedicated stream',
    replies,
    'if (state.slot?.dedicated)',
    'if (false)',
  ),
  one(
    'a caught-up watcher joins only with the same token',
    replies,
    'if (state.slot?.dedicated)',
    'if (state.slot?.dedicated && state.slot.generation === this.#context.tokenGeneration)',
  ),
  one(
    'a watcher is reported as caught up at the revision that it needs next',
    replies,
    "type: 'caught-up', watcher: state.key, revision: state.cursor - 1n",
    "type: 'caught-up', watcher: state.key, revision: state.cursor",
  ),
  one('an empty slot keeps its stream', slot, 'if (this.isEmpty)\n            this.#close();', ''),
  one(
    'timers outlive their stream',
    stream,
    "for (const timer of ['create-timeout', 'stable', 'progress'])",
    'for (const timer of [])',
  ),
  many(
    'a full buffer is ignored unless the watcher is live',
    [table, "'buffer-full': fullBuffer, // the events", "'buffer-full': ignored, // the events"],
    [
      table,
      "'check-failed': ignored,\n        'buffer-full': fullBuffer,",
      "'check-failed': ignored,\n        'buffer-full': ignored,",
    ],
  ),
  one(
    'a full buffer is ignored',
    session,
    'this.#lifecycle.apply(state, input.type);',
    "if (input.type !== 'buffer-full')\n                    this.#lifecycle.apply(state, input.type);",
  ),
  one(
    'a failed read resumes a paused watcher',
    table,
    "'check-failed': ignored,\n        ...ends,",
    "'check-failed': backOff,\n        ...ends,",
  ),
];
