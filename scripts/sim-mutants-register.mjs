// The mutants of the registration core: texts of the compiled core, each of which occurs exactly once, and their
// replacements.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const core = 'registration-core.js';
const claim = 'record/claim.js';
const claiming = 'stages/claim-stage.js';
const stored = 'stages/stored-stage.js';
const asking = 'stages/lease-check-stage.js';
const closing = 'stages/shutdown.js';
const write = 'record/record-write.js';
const desired = 'record/desired-endpoint.js';
const calls = 'record/pending-updates.js';
const sent = 'record/unconfirmed-writes.js';
const initial = 'initial-registration.js';
const retired = 'retired-leases.js';
const pacer = '../../../async/time/pacer.js';

export const mutants = [
  // Leases.
  one(
    'a retired lease is never revoked',
    core,
    "for (const { lease } of this.#retired.takeAll())\n            context.emit({ type: 'revoke', lease });",
    'this.#retired.takeAll();',
  ),
  one(
    'the old lease is revoked before the put',
    core,
    "case 'lease-lost':\n                this.#retire(stage.held);",
    "case 'lease-lost':\n                this.#context.emit({ type: 'revoke', lease: stage.held.lease });",
  ),
  one(
    'a failed registration revokes its lease immediately',
    core,
    "case 'failed':\n                this.#retire(stage.held);",
    "case 'failed':\n                this.#context.emit({ type: 'revoke', lease: stage.held.lease });",
  ),
  one(
    'a lease without a record is leaked',
    core,
    "this.#context.emit({ type: 'revoke', lease });\n        this.#pause();",
    'this.#pause();',
  ),
  one(
    'a lease granted too late is leaked',
    core,
    "this.#context.emit({ type: 'revoke', lease: held.lease });\n            return;",
    'return;',
  ),
  one(
    'the end of the lease is ignored',
    core,
    'this.#applyOutcome(this.#stage.onLeaseEnded(input.error));',
    ';',
  ),
  one(
    'the end of another lease counts',
    core,
    'if (this.#stage?.held.lease === input.lease)',
    'if (this.#stage)',
  ),
  one('retired leases are not revoked at the end', core, '[...this.#retired.takeAll()]', '[]'),
  one('the current lease is not revoked at the end', core, 'leases.push(held);', ';'),
  one('only the last retired lease is kept', retired, '[...this.#leases, lease]', '[lease]'),

  // Whose record it is.
  one(
    'the compare uses the create revision',
    claiming,
    'this.#expectedRevision = kv?.modRevision;',
    'this.#expectedRevision = kv?.createRevision;',
  ),
  one(
    "the compare uses the first write's revision",
    stored,
    '#remember(revision, value) {\n        this.#revision = revision;',
    '#remember(revision, value) {',
  ),
  one(
    'a record without a lease counts as absent',
    claim,
    "? { target: 'create', key, result: '=', value: 0n }",
    "? { target: 'lease', key, result: '=', value: 0n }",
  ),
  one(
    'written without a compare when the key should be absent',
    claim,
    'const { key } = this;\n        return {\n            compare: [',
    "const { key } = this;\n        if (expected === undefined)\n            return { success: [{ type: 'put', key, value, options: { lease } }] };\n        return {\n            compare: [",
  ),
  one("another owner's record is overwritten", claim, 'if (!isFirst)\n            return false;', ''),
  one(
    "its own records count as another's",
    claim,
    'if (this.#ownLeases.has(found.lease) || this.isOrphan(found))',
    'if (this.isOrphan(found))',
  ),
  one(
    'it waits for an orphaned record',
    claim,
    'return kv.lease === 0n && this.isOwnValue(kv.value);',
    'return false;',
  ),
  one(
    'any record without a lease counts as its own',
    claim,
    'return kv.lease === 0n && this.isOwnValue(kv.value);',
    'return kv.lease === 0n;',
  ),
  one('a restart waits for its own record', claim, ' || this.hasOwnAddr(found);', ';'),
  one('the loser of a conflict ends', core, 'if (this.#claim.failsOnConflict)', 'if (true)'),
  one('the loser of a conflict does not end', core, 'if (this.#claim.failsOnConflict)', 'if (false)'),
  one('a conflict at the start always ends it', claiming, 'if (claim.failsOnConflict)', 'if (true)'),
  one('a conflict at the start never ends it', claiming, 'if (claim.failsOnConflict)', 'if (false)'),
  one('a replaced record still counts as its own', stored, "if (finding === 'replaced')", 'if (false)'),
  one(
    'the deletion of the awaited record is missed',
    claiming,
    'if (!kv || this.#mayReplace(kv)) {',
    'if (kv && this.#mayReplace(kv)) {',
  ),

  // What happened to the record.
  one(
    'an error of the lease query counts as deleted',
    asking,
    "if (isFinal(error))\n            return { type: 'failed', error };",
    "return { type: 'deleted' };",
  ),
  one(
    'an error of the lease query counts as an expired lease',
    asking,
    "if (isFinal(error))\n            return { type: 'failed', error };",
    "return { type: 'lease-lost', error: undefined };",
  ),
  one(
    'the lease is never queried',
    core,
    'this.#enterStage(new LeaseCheckStage(this.#context, stage.held));',
    'this.#onDeletedByOperator(stage.held);',
  ),
  one('a delete never ends it', core, "if (this.#onDeleted === 'stop')", 'if (false)'),
  one('a delete always ends it', core, "if (this.#onDeleted === 'stop')", 'if (true)'),
  one(
    'its own write with a lost answer is not recognized',
    claiming,
    'if (kv && write.isStoredAs(kv))',
    'if (false)',
  ),
  one(
    'a state older than the write counts',
    claim,
    "if (revision < written)\n            return 'known';",
    '',
  ),
  one(
    'a rollback of the store is ignored',
    stored,
    "if (this.isFollowing(request))\n            return { type: 'failed', error };",
    '',
  ),

  // Updates.
  one(
    'updates reordered',
    desired,
    '{ ...earlier.fields, ...later.fields }',
    '{ ...later.fields, ...earlier.fields }',
  ),
  one(
    'failed changes are merged over later ones',
    desired,
    'mergeOldest([...this.#inFlight, ...this.#pending])',
    'mergeOldest([...this.#pending, ...this.#inFlight])',
  ),
  one(
    'a write covers a later change',
    write,
    'this.#lastChange = claim.desired.lastChange;',
    'this.#lastChange = claim.desired.lastChange + 1;',
  ),
  one(
    'a write confirms changes that were made after it',
    desired,
    'const sent = this.#inFlight;\n        this.#inFlight = [];',
    'const sent = [...this.#inFlight, ...this.#pending];\n        this.#inFlight = [];\n        this.#pending = [];',
  ),
  one(
    'the changes of a failed write are lost',
    desired,
    'mergeOldest([...this.#inFlight, ...this.#pending])',
    'this.#pending',
  ),
  one(
    'an update settles when it is called',
    core,
    'updates.add(call, change(), timeoutMs, now);',
    "change(); this.#context.emit({ type: 'settle', call });",
  ),
  one('an update has no deadline', calls, 'if (now < deadline)\n                continue;', 'continue;'),
  one('an update times out too early', calls, 'deadline: now + timeoutMs', 'deadline: now + timeoutMs / 2'),
  one('an update times out too late', calls, 'deadline: now + timeoutMs', 'deadline: now + timeoutMs * 2'),
  one(
    'an expired update is discarded',
    core,
    'updates.rejectLate(key, now, lastError);',
    'if (updates.nextDeadline <= now) {\n            this.#claim.desired.beginWrite();\n            this.#claim.desired.rejectWrite();\n        }\n        updates.rejectLate(key, now, lastError);',
  ),
  one(
    'updates are left open at the end',
    core,
    "this.#context.updates.settleAll(new ClosedError('the registration'));",
    '',
  ),
  one(
    'an update that can never be stored is retried forever',
    write,
    'const rejected = claim.desired.rejectWrite();',
    'const rejected = undefined;',
  ),
  one(
    'an update that can never be stored discards all others',
    desired,
    'this.#inFlight.filter((change) => change !== rejected)',
    '[]',
  ),
  one(
    'a drain is undone by an update',
    desired,
    'const wanted = this.#drained(endpoint);',
    'const wanted = endpoint;',
  ),
  one(
    'a drain is undone by an operator',
    desired,
    'return this.#drained(this.#base.endpoint);',
    'return this.#base.endpoint;',
  ),

  // Other writers.
  one(
    "an operator's change is not adopted",
    claim,
    'this.isOwnValue(kv.value) ? undefined : this.desired.adopt(kv)',
    'undefined',
  ),
  one(
    "an operator's change during a disconnection is lost",
    claiming,
    'kv && claim.isNewerThanKnown(kv) ? claim.adopt(kv) : undefined',
    'undefined',
  ),
  one(
    'its own values are adopted',
    claim,
    'this.isOwnValue(kv.value) ? undefined : this.desired.adopt(kv)',
    'this.desired.adopt(kv)',
  ),
  one(
    'writes with lost answers are forgotten',
    sent,
    'return this.#writes.some((sent) => sent.value.equals(value));',
    'return false;',
  ),
  one(
    'another address stays in the record',
    stored,
    'this.#foreignText = needsRestore ? valueExcerpt(kv) : undefined;',
    'this.#foreignText = undefined;',
  ),
  one(
    'another address is adopted',
    desired,
    'const addr = isOwnAddr ? record.addr : this.#base.endpoint.addr;',
    'const addr = record.addr;',
  ),
  one(
    'a record without its lease stays',
    stored,
    '!isAccepted || kv.lease !== this.held.lease',
    '!isAccepted',
  ),

  // Pace.
  one(
    'the attempt counter is never reset',
    pacer,
    'if (now - this.#pausedUntil > this.#options.maxMs)\n            this.#attempt = 0;',
    '',
  ),
  one('no pause between registrations', core, 'at: this.#context.now + pauseMs', 'at: this.#context.now'),
  one(
    'no pause between attempts to claim',
    claiming,
    'this.#writeAt = now + retryInMs;',
    'this.#writeAt = now;',
  ),
  one(
    'no pause after a failed write',
    stored,
    'this.#retryAt = this.#context.now + retryInMs;',
    'this.#retryAt = this.#context.now;',
  ),
  one(
    'no pause between lease queries',
    asking,
    'this.#checkAt = this.#context.now + retryInMs;',
    'this.#checkAt = this.#context.now;',
  ),
  one(
    'a failed write is not repeated',
    stored,
    'this.#retryAt = this.#context.now + retryInMs;',
    'this.#retryAt = Number.POSITIVE_INFINITY;',
  ),
  one(
    'a claim is attempted only once',
    claiming,
    'this.#writeAt = now + retryInMs;',
    'this.#writeAt = Number.POSITIVE_INFINITY;',
  ),

  // Start and end.
  one(
    'a failed start does not close',
    core,
    "this.#stop({ reason: 'closed' }, initial.toDeadlineError(key, lastError));",
    'this.#settleStart(initial.toDeadlineError(key, lastError));',
  ),
  one(
    'the start has no deadline',
    initial,
    'return this.#deadline + graceMs;',
    'return Number.POSITIVE_INFINITY;',
  ),
  one(
    'a final error does not end the start',
    core,
    "if (context.initial && isFinal(error))\n            this.#stop({ reason: 'closed' }, error);\n        else if",
    'if',
  ),
  one(
    'the start is never settled',
    core,
    "this.#context.emit({ type: 'started', ...withError(error) });",
    '',
  ),
  one(
    'expiresInMs is missing',
    closing,
    'return expiresInMs > 0 ? { ...this.#end, expiresInMs } : this.#end;',
    'return this.#end;',
  ),
  one(
    'expiresInMs includes revoked leases',
    closing,
    'if (!isRevoked)\n            this.#remainingMs',
    'this.#remainingMs',
  ),
  one(
    'expiresInMs omits unanswered revokes',
    closing,
    'Math.max(this.#remainingMs, ...this.#leases.values())',
    'this.#remainingMs',
  ),
  one(
    'the end has no deadline',
    closing,
    'this.#deadline = context.now + timeoutMs;',
    'this.#deadline = Number.POSITIVE_INFINITY;',
  ),
  one(
    'the end does not wait for revokes',
    closing,
    'return this.#leases.size + this.#orphans.size === 0;',
    'return true;',
  ),
  one(
    'the mark of the end overwrites another record',
    claim,
    "compare: [\n                { target: 'mod', key, result: '=', value: written },\n                { target: 'lease', key, result: '=', value: lease },\n            ],",
    'compare: [],',
  ),
  one(
    'the mark of the end has no lease',
    claim,
    "success: [{ type: 'put', key, value, options: { lease } }],\n        };\n    }\n    /** Delete",
    "success: [{ type: 'put', key, value }],\n        };\n    }\n    /** Delete",
  ),
  one('the revoke does not wait for the mark', closing, 'if (lease !== mark?.lease)\n', 'if (true)\n'),
  one(
    'the revoke waits for the mark without a limit',
    closing,
    'until: this.#context.now + maxMarkMs',
    'until: Number.POSITIVE_INFINITY',
  ),
  one(
    'the revoke waits although the mark is answered',
    closing,
    'if (this.#mark?.request === request)\n            this.#revokeMarked(this.#mark);',
    '',
  ),
  one('a mark that is given up is not cancelled', closing, 'this.#context.cancel(this.#mark.request);', ''),
  one(
    'the marked lease is not revoked',
    closing,
    "this.#mark = undefined;\n        this.#context.emit({ type: 'revoke', lease });",
    'this.#mark = undefined;',
  ),
  one('the watch is leaked at the end', core, 'stage?.cancelRequests();', ''),
  one('the watch is leaked when the record is lost', stored, 'this.#context.cancel(this.#follow);', ''),
];
