// What is wrong with each mutant of the watch core: texts of the compiled core, each there exactly once, and their stead.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const check = 'batch-check.js';
const cursor = 'cursor.js';
const slot = 'stream-slot.js';
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
    'state.saw(headerRevision);',
    "state.progress({ kind: 'progress', headerRevision });",
  ),
  one('from now on starts at the pin', state, 'this.#cursor = revision + 1n;', 'this.#cursor = revision;'),
  one(
    'paused goes on after what it saw',
    session,
    "if (state?.phase === 'paused' && !",
    "if (state?.phase === 'paused') state.pin(state.seen);\n        if (state?.phase === 'paused' && !",
  ),

  // Fragments and order.
  one(
    'the beginning of a fragmented revision is lost',
    state,
    'return before.concat(events);',
    'return events;',
  ),
  one(
    'delivers before the revision is complete',
    state,
    'if (!fragment && before.length === 0)',
    'if (true)',
  ),
  one(
    'an incomplete revision outlives its stream',
    state,
    'this.#forgetIncomplete();\n        this.phase = phase;',
    'this.phase = phase;',
  ),
  one('no order guard', state, 'if (!first || first.kv.modRevision > this.#lastDelivered)', 'if (true)'),
  one(
    'order guard by the header',
    state,
    'this.#lastDelivered = lastRevision(fresh);',
    'this.#lastDelivered = reply.headerRevision;',
  ),
  one(
    'order guard one too low',
    state,
    'events.filter((event) => event.kv.modRevision > this.#lastDelivered)',
    'events.filter((event) => event.kv.modRevision >= this.#lastDelivered)',
  ),

  // Responses that no etcd sends.
  one('believes whatever comes', slot, 'if (flaw !== undefined)', 'if (false)'),
  one('events may go back', check, 'if (kv.modRevision < last)', 'if (false)'),
  one('any key will do', check, 'if (!contains(range, kv.key))', 'if (false)'),
  one('events may be from after their response', check, 'last > headerRevision', 'false'),
  one('a key may come twice', check, 'return hasTwins(events)', 'return false'),
  one(
    'goes on with a stream that lied',
    slot,
    "this.#host.emit({ type: 'close-stream', slot: this.key, owing: false });\n        this.#failures",
    'return;\n        this.#failures',
  ),

  // Creates, ids and cancels.
  many(
    'a refusal closes the live watcher with that id',
    [slot, 'this.#refused(this.#stream, reply);', 'this.#refused(this.#stream, reply, watchId);'],
    [slot, '#refused(stream, reply) {', '#refused(stream, reply, watchId) {'],
    [
      slot,
      'const state = this.#answered(stream, stream.creates.refused());',
      'const asked = this.#answered(stream, stream.creates.refused());\n        const state = stream.byWatchId.get(watchId) ?? asked;',
    ],
  ),
  one(
    'a late answer is not cancelled',
    slot,
    "this.#host.emit({ type: 'send-cancel', slot: this.key, watchId });\n            return;",
    'return;',
  ),
  one(
    'who leaves is not cancelled',
    slot,
    "this.#host.emit({ type: 'send-cancel', slot: this.key, watchId: state.watchId });",
    '',
  ),
  one(
    'watch ids are used again',
    slot,
    'const watchId = this.#host.nextWatchId();',
    'const watchId = 1000n + BigInt(state.key);',
  ),
  one('the window is open at once', queue, 'this.#echoes ? openWindow : 1', 'openWindow'),
  one(
    'whoever waited is forgotten with the stream',
    slot,
    "state.detach('waiting');\n            this.#waiting.add(state);",
    "state.detach('waiting');",
  ),

  // Progress.
  one(
    'progress counts for all who are live by now',
    slot,
    'stream.requests.answered() : [watchId]',
    '(stream.requests.answered(), [...stream.byWatchId.keys()]) : [watchId]',
  ),
  many(
    'progress counts for who is not acknowledged',
    [
      slot,
      'stream.requests.answered() : [watchId]',
      '[...stream.requests.answered(), ...stream.creating.keys()] : [watchId]',
    ],
    [
      slot,
      'const state = stream.byWatchId.get(id);',
      'const state = stream.byWatchId.get(id) ?? stream.creating.get(id);',
    ],
  ),
  many(
    'progress is asked of servers that lie',
    [slot, 'if (!this.#stream?.trusted ||', 'if (!this.#stream ||'],
    [
      slot,
      "this.#arm('settled', settledMs);",
      "this.#arm('settled', settledMs);\n        this.#arm('progress', 100);",
    ],
  ),

  // Compaction.
  one(
    'goes on after a compaction in silence',
    session,
    'this.#finish(state, historyGone(state.cursor, compactRevision));',
    '{ state.pin(compactRevision - 1n); this.#slots.joinShared(state); }',
  ),
  one('pins again after events', state, 'return (this.#pinnedOnly && ', 'return ('),
  one(
    'pins again behind what was announced',
    session,
    'else if (state.readyRevision !== undefined) {',
    'else if (false) {',
  ),
  one(
    'ends for a compaction of what it does not need',
    session,
    'if (compactRevision <= state.cursor) {',
    'if (false) {',
  ),
  one('ends for a compaction before it was announced', state, 'this.readyRevision === undefined || ', ''),
  one('announces less than it was pinned at', session, 'max(headerRevision, state.seen)', 'headerRevision'),

  // A delete at the compacted revision, which old releases lose.
  one('a start is never checked', starts, 'if (losesDeletes)', 'if (false)'),
  one(
    'who was acknowledged before the release was known is not checked',
    starts,
    'for (const state of slot.watchers)\n            this.#judge(state, losesDeletes);',
    '',
  ),
  one(
    'a start whose release was not known before it left is forgotten',
    state,
    'this.watchId = undefined;\n        this.#forgetIncomplete();',
    'this.watchId = undefined;\n        this.uncheckedStart = undefined;\n        this.#forgetIncomplete();',
  ),
  one(
    'a start checked as compacted counts as whole',
    session,
    'this.#finish(state, startLost(startRevision));',
    '',
  ),
  one(
    'pins again over a delete that was promised',
    session,
    'state.mayPinAgain(startRevision + 1n)',
    'state.mayPinAgain(startRevision)',
  ),
  one(
    'pins again behind what was proven',
    session,
    'max(state.readyRevision, state.cursor - 1n)',
    'state.readyRevision',
  ),

  // Rollback.
  one('no rollback check', session, 'headerRevision > 0n && headerRevision < state.seen', 'false'),
  one(
    'rollback without confirmation',
    session,
    'this.#beginRollbackCheck(state);\n            return;',
    'this.#finish(state, new RolledBackError(state.seen, headerRevision));\n            return;',
  ),
  one(
    'the read is compared with what came after it',
    session,
    'state.doubted !== undefined && revision < state.doubted',
    'revision < state.seen',
  ),
  one('a doubt that comes twice is checked once', state, 'this.#doubtedAgain = true;', ''),
  one(
    'a failed check is a passed one',
    session,
    "if (state.phase === 'live')\n                this.#rest(state);",
    '',
  ),

  // Tokens.
  one(
    'each watcher asks for a token',
    tokens,
    'if (!this.#tokenless.add(state))\n            return;',
    'this.#tokenless.add(state);',
  ),
  one(
    'tokens are asked for without end',
    tokens,
    'const maxTokensRefused = 2;',
    'const maxTokensRefused = 1e9;',
  ),
  one(
    'an old refusal is held against the new token',
    session,
    'this.#tokens.refused(state, error, generation);',
    'this.#tokens.refused(state, error);',
  ),
  one('a token counts each time it is tried', state, 'if (token > this.#lastRefused)', 'if (true)'),
  one('a slot blames the token that it began with', slot, 'this.generation = this.#host.generation();', ''),
  one('a new pin remembers a store that is gone', state, 'this.#seen = revision;', 'this.saw(revision);'),
  one(
    'streams of old tokens never come together',
    session,
    'for (const state of [...slot.watchers])',
    'for (const state of [])',
  ),
  one(
    'an expired token ends the watcher',
    fate,
    "if (needsToken(error))\n        return 'reauthenticate';\n    const",
    "if (needsToken(error))\n        return 'end';\n    const",
  ),
  one(
    'who waits for a token is forgotten',
    tokens,
    'if (isNewer)\n                this.#host.again(state);\n            else',
    'if (!isNewer)',
  ),
  one(
    'who was given no other token waits on',
    tokens,
    'const isNewer = generation > this.#generation;',
    'const isNewer = generation > this.#generation;\n        if (!isNewer)\n            return;',
  ),

  // What fails and comes back.
  one('a passing reason ends the watcher', fate, "return passing ? 'resume' : 'end';", "return 'end';"),
  one(
    'a lost stream ends its watchers',
    fate,
    'case Code.PERMISSION_DENIED:',
    'case Code.UNAVAILABLE:\n        case Code.PERMISSION_DENIED:',
  ),
  one(
    'pauses are not reset by a delivery',
    slot,
    'else if (this.#host.onReply(state, reply))\n                    this.#failures = 0;',
    'else\n                    this.#host.onReply(state, reply);',
  ),
  one(
    'pauses do not grow',
    slot,
    'backoffDelay(reopen, this.#failures++,',
    'backoffDelay(reopen, 0 * this.#failures++,',
  ),
  one(
    'pauses are reset by created',
    slot,
    "state.phase = 'live';\n",
    "state.phase = 'live';\n        this.#failures = 0;\n",
  ),
  one(
    'pauses of one watcher do not grow',
    resting,
    'backoffDelay(reopen, state.failures,',
    'backoffDelay(reopen, 0,',
  ),
  one('the attach timer is never armed', slot, "this.#arm('attach', attachMs);", ''),
  one('who rests is tried again but once', resting, 'this.#resting.clear();', ''),
  one('one response too large ends the watchers', session, 'if (alone && state.oversized)', 'if (true)'),
  one(
    'one response too large ends those who were there beside it',
    session,
    'if (alone && state.oversized)',
    'if (state.oversized)',
  ),

  // Who is live.
  one(
    'who moves passes for live on a lost stream',
    slot,
    "this.#host.interrupted(state);\n            state.detach('waiting');",
    "if (state.phase === 'live')\n                this.#host.interrupted(state);\n            state.detach('waiting');",
  ),
  one(
    'who is paused passes for live',
    session,
    "state.detach('paused');\n        this.#interrupted(state);",
    "state.detach('paused');",
  ),
  one(
    'who waits for a token passes for live',
    session,
    "state.detach('resting');\n        this.#interrupted(state);",
    "state.detach('resting');",
  ),
  one(
    'who comes back from a pause is not live',
    session,
    'else if (state.interrupted) {',
    'else if (state.interrupted && !state.slot?.dedicated) {',
  ),

  // Slots and pauses.
  one(
    'a paused one comes back to the others',
    session,
    "if (state?.phase === 'paused' && !this.#slots.joinDedicated(state))",
    "if (state?.phase === 'paused')",
  ),
  one(
    'who is far behind stays with the others',
    session,
    'if (ahead || isFarBehind(state.cursor, headerRevision))',
    'if (false)',
  ),
  one('who is level never joins the others', session, 'if (state.slot?.dedicated)', 'if (false)'),
  one(
    'who is level joins only under the same token',
    session,
    'if (state.slot?.dedicated)',
    'if (state.slot?.dedicated && state.slot.generation === this.#tokens.generation)',
  ),
  one(
    'an empty slot keeps its stream',
    slot,
    'if (this.empty) {\n            this.#close();',
    'if (this.empty) {',
  ),
  one(
    'timers outlive their stream',
    slot,
    "for (const timer of ['attach', 'settled', 'progress'])",
    'for (const timer of [])',
  ),
  one('full means nothing unless it is live', session, 'if (!state?.slot)', "if (state?.phase !== 'live')"),
  one('full means nothing', session, 'if (!state?.slot)', 'if (true)'),
  one(
    'a failed read wakes who is paused',
    session,
    "if (state.phase === 'live')\n                this.#rest(state);",
    'this.#rest(state);',
  ),
];
