// The mutants of the watch core: texts of the compiled core, each of which occurs exactly once, and their replacements.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const check = 'batch-check.js';
const cursor = 'cursor.js';
const slot = 'stream-slot.js';
const stream = 'open-stream.js';
const reports = 'reports.js';
const table = 'transitions.js';
const lifecycle = 'lifecycle.js';
const queue = 'create-queue.js';
const session = 'session.js';
const starts = 'start-checks.js';
const tokens = 'token-renewal.js';
const state = 'watcher-state.js';
const fate = 'failure-action.js';
const resting = 'retry-queue.js';

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
    session,
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
    'if (state)\n            this.#lifecycle.apply(state, trigger);',
    "if (state?.phase === 'paused' && trigger === 'buffer-drained')\n            state.pin(state.knownRevision);\n        if (state)\n            this.#lifecycle.apply(state, trigger);",
  ),

  // Fragments and order.
  one('the first fragments of a revision are lost', state, 'return before.concat(events);', 'return events;'),
  one('an incomplete revision is delivered', state, 'if (!fragment && before.length === 0)', 'if (true)'),
  one(
    'an incomplete revision outlives its stream',
    state,
    'this.#phase = phase;\n        this.#clearIncomplete();',
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
    "this.#context.emit({ type: 'close-stream', slot: this.key, unresponsive: false });\n        this.#failures",
    'return;\n        this.#failures',
  ),

  // Creates, ids and cancels.
  many(
    'a refusal closes the live watcher with that id',
    [slot, 'this.#onRefused(stream, reply);', 'this.#onRefused(stream, reply, watchId);'],
    [slot, '#onRefused(stream, reply) {', '#onRefused(stream, reply, watchId) {'],
    [
      slot,
      'const state = stream.takeRefused();',
      'const asked = stream.takeRefused();\n        const state = stream.live(watchId) ?? asked;',
    ],
  ),
  one(
    'a late answer is not cancelled',
    slot,
    "this.#context.emit({ type: 'send-cancel', slot: this.key, watchId });\n        return undefined;",
    'return undefined;',
  ),
  one(
    'a removed watcher is not cancelled',
    slot,
    "if (watchId !== undefined)\n            this.#context.emit({ type: 'send-cancel', slot: this.key, watchId });",
    '',
  ),
  one(
    'watch ids are reused',
    slot,
    'const watchId = this.#context.newWatchId();',
    'const watchId = 1000n + BigInt(state.key);',
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
    [slot, 'if (!this.#stream?.progressTrusted ||', 'if (!this.#stream ||'],
    [
      slot,
      "this.#context.armTimer('stable', this.key, stableAfterMs);",
      "this.#context.armTimer('stable', this.key, stableAfterMs);\n        this.#context.armTimer('progress', this.key, 100);",
    ],
  ),

  // Compaction.
  one(
    'a compaction is skipped silently',
    session,
    'this.#lifecycle.end(state, historyCompactedError(state.cursor, compactRevision));',
    "{ state.pin(compactRevision - 1n); this.#lifecycle.apply(state, 'pin-moved'); }",
  ),
  one('pins again after events', state, 'this.#isPinnedWithoutEvents &&', ''),
  one(
    'pins again after it was ready',
    session,
    'else if (state.readyRevision !== undefined) {',
    'else if (false) {',
  ),
  one(
    'a compaction below the cursor ends the watcher',
    session,
    'if (compactRevision <= state.cursor) {',
    'if (false) {',
  ),
  one('a compaction before ready ends the watcher', state, 'this.readyRevision === undefined || ', ''),
  one(
    'ready below the pinned revision',
    session,
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
    'this.#phase = phase;\n        this.#clearIncomplete();',
    'this.#phase = phase;\n        this.uncheckedStart = undefined;\n        this.#clearIncomplete();',
  ),
  one(
    'a start found compacted does not end the watcher',
    session,
    'this.#lifecycle.end(state, startCompactedError(startRevision));',
    '',
  ),
  one(
    'pins again over a promised delete',
    session,
    'state.canRepin(startRevision + 1n)',
    'state.canRepin(startRevision)',
  ),
  one(
    'pins again below proven progress',
    session,
    'max(state.readyRevision, state.cursor - 1n)',
    'state.readyRevision',
  ),

  // Rollback.
  one('no rollback check', session, 'headerRevision > 0n && headerRevision < state.knownRevision', 'false'),
  one(
    'rollback without confirmation',
    session,
    'this.#beginRollbackCheck(state);\n            return;',
    'this.#lifecycle.end(state, new RolledBackError(state.knownRevision, headerRevision));\n            return;',
  ),
  one(
    'the rollback check uses what was seen after its read',
    session,
    'state.rollbackFloor !== undefined && revision < state.rollbackFloor',
    'revision < state.knownRevision',
  ),
  one('a second suspicion of a rollback is ignored', state, 'this.#needsAnotherCheck = true;', ''),
  one(
    'a failed rollback check counts as passed',
    session,
    "this.#lifecycle.apply(state, 'check-failed');",
    '',
  ),

  // Tokens.
  one('each watcher asks for a token', tokens, 'if (this.#isRequested)\n            return;', ''),
  one(
    'tokens are requested without limit',
    tokens,
    'const maxTokenRefusals = 2;',
    'const maxTokenRefusals = 1e9;',
  ),
  one(
    'an old refusal counts for the new token',
    session,
    'this.#onTokenRefused(state, error, generation);',
    'this.#onTokenRefused(state, error);',
  ),
  one("a token's refusals count repeatedly", state, 'if (token > this.#lastRefusedToken)', 'if (true)'),
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
    session,
    'for (const state of [...slot.watchers])',
    'for (const state of [])',
  ),
  one(
    'an expired token ends the watcher',
    fate,
    "if (needsNewToken(error))\n        return 'reauthenticate';\n    const",
    "if (needsNewToken(error))\n        return 'end';\n    const",
  ),
  one(
    'a watcher that waits for a token is lost',
    session,
    'if (isNewer)\n                this.#lifecycle.retry(state);\n            else',
    'if (!isNewer)',
  ),
  one(
    'a watcher waits forever if no newer token comes',
    session,
    'const isNewer = tokens.onToken(generation);',
    'const isNewer = tokens.onToken(generation);\n        if (!isNewer)\n            return;',
  ),

  // Failures and recovery.
  one('a transient reason ends the watcher', fate, "return isTransient ? 'resume' : 'end';", "return 'end';"),
  one(
    'a lost stream ends its watchers',
    fate,
    'case Code.PERMISSION_DENIED:',
    'case Code.UNAVAILABLE:\n        case Code.PERMISSION_DENIED:',
  ),
  one(
    'a delivery does not reset the backoff',
    session,
    'if (this.#onEvents(outcome.state, outcome.reply))\n                    slot.onAdvanced();',
    'this.#onEvents(outcome.state, outcome.reply);',
  ),
  one(
    'the backoff does not grow',
    slot,
    'backoffDelay(reopenBackoff, this.#failures++,',
    'backoffDelay(reopenBackoff, 0 * this.#failures++,',
  ),
  one(
    'a created reply resets the backoff',
    session,
    'this.#onAcknowledged(outcome.state, outcome.headerRevision);',
    'this.#onAcknowledged(outcome.state, outcome.headerRevision);\n                slot.onAdvanced();',
  ),
  one(
    'the backoff of one watcher does not grow',
    resting,
    'backoffDelay(reopenBackoff, state.failures,',
    'backoffDelay(reopenBackoff, 0,',
  ),
  one(
    'the attach timer is never armed',
    slot,
    "this.#context.armTimer('create-timeout', this.key, createTimeoutMs);",
    '',
  ),
  one('a watcher is retried only once', resting, 'this.#waiting.clear();', ''),
  one('one oversized response ends the watchers', session, 'if (alone && state.oversized)', 'if (true)'),
  one(
    'one oversized response ends watchers of a shared stream',
    session,
    'if (alone && state.oversized)',
    'if (state.oversized)',
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
    "else if (state.liveness === 'interrupted')",
    "else if (state.liveness === 'interrupted' && !state.slot?.dedicated)",
  ),

  // What the session does with the outcomes of a slot.
  one(
    'the outcome of a timer is dropped',
    session,
    'const outcome = slot.onTimer(timer);\n        if (outcome)',
    'const outcome = slot.onTimer(timer);\n        if (false)',
  ),
  one(
    'progress does not reset the backoff',
    session,
    'if (this.#onProgress(state, outcome.reply))\n                        slot.onAdvanced();',
    'this.#onProgress(state, outcome.reply);',
  ),
  one('a lost stream is opened again without a pause', session, 'slot.pause(error);', ''),
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
    'a watcher keeps its slot while it waits for a token',
    table,
    "to('awaiting-token', 'leave-slot', 'await-token')",
    "to('awaiting-token', 'await-token')",
  ),
  one(
    'a watcher that left stays on its slot',
    table,
    "const unwatched = to('ended', 'leave-slot', 'forget');",
    "const unwatched = to('ended', 'forget');",
  ),
  one(
    'a watcher that left is not forgotten',
    table,
    "const unwatched = to('ended', 'leave-slot', 'forget');",
    "const unwatched = to('ended', 'leave-slot');",
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
    "'retry-pin': to('pinning', 'read-revision'),\n        'pin-moved'",
    "'retry-pin': to('pinning'),\n        'pin-moved'",
  ),
  one(
    'a truncated catch-up continues on the same watch',
    table,
    "truncated: to('waiting', 'create-again')",
    'truncated: ignored',
  ),
  one(
    'a watcher that receives from below its new pin goes on',
    table,
    "truncated: to('waiting', 'create-again'),\n        'pin-moved': toShared",
    "truncated: to('waiting', 'create-again'),\n        'pin-moved': ignored",
  ),
  one('a watcher retries before its pause is over', lifecycle, 'if (state.failures > 0)', 'if (false)'),
  one('a move to a slot that reopens is not reported', lifecycle, 'if (slot.isReopening)', 'if (false)'),
  one(
    'a suspect of an oversized response stays with the others',
    table,
    "isolated: toDedicated,\n        'token-refused'",
    "isolated: to('waiting'),\n        'token-refused'",
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
    session,
    'if (ahead || isFarBehind(state.cursor, headerRevision))',
    'if (false)',
  ),
  one(
    'a caught-up watcher stays on its dedicated stream',
    session,
    'if (state.slot?.dedicated)',
    'if (false)',
  ),
  one(
    'a caught-up watcher joins only with the same token',
    session,
    'if (state.slot?.dedicated)',
    'if (state.slot?.dedicated && state.slot.generation === this.#context.tokenGeneration)',
  ),
  one('an empty slot keeps its stream', slot, 'if (this.isEmpty)\n            this.#close();', ''),
  one(
    'timers outlive their stream',
    slot,
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
    'if (state)\n            this.#lifecycle.apply(state, trigger);',
    "if (state && trigger !== 'buffer-full')\n            this.#lifecycle.apply(state, trigger);",
  ),
  one(
    'a failed read resumes a paused watcher',
    table,
    "'check-failed': ignored,\n        unwatched,",
    "'check-failed': backOff,\n        unwatched,",
  ),
];
