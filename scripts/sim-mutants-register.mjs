// What is wrong with each mutant of the registration core: texts of the compiled core, each there exactly once, and their stead.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const core = 'registration-core.js';
const claim = 'claim.js';
const claiming = 'claiming.js';
const stored = 'stored.js';
const asking = 'asking.js';
const closing = 'closing.js';
const write = 'record-write.js';
const desired = 'desired-endpoint.js';
const calls = 'update-calls.js';
const sent = 'sent-values.js';
const initial = 'initial-registration.js';
const retired = 'retired-leases.js';
const pacer = '../../../async/pacer.js';

export const mutants = [
  // Leases.
  one(
    'a retired lease is never revoked',
    core,
    "for (const { lease } of this.#retired.takeAll())\n            context.emit({ type: 'revoke', lease });",
    'this.#retired.takeAll();',
  ),
  one(
    'a revoke before the put',
    core,
    "case 'lease-lost':\n                this.#retire(part.held);",
    "case 'lease-lost':\n                this.#context.emit({ type: 'revoke', lease: part.held.lease });",
  ),
  one(
    'a failed life revokes its lease at once',
    core,
    "case 'failed':\n                this.#retire(part.held);",
    "case 'failed':\n                this.#context.emit({ type: 'revoke', lease: part.held.lease });",
  ),
  one(
    'a lease without a record is left behind',
    core,
    "this.#context.emit({ type: 'revoke', lease });\n        this.#pause();",
    'this.#pause();',
  ),
  one(
    'a lease that was granted too late is kept',
    core,
    "this.#context.emit({ type: 'revoke', lease: held.lease });\n            return;",
    'return;',
  ),
  one('the end of a lease is not noticed', core, 'this.#follow(this.#part.leaseEnded(input.error));', ';'),
  one(
    'the end of another lease counts',
    core,
    'if (this.#part?.held.lease === input.lease)',
    'if (this.#part)',
  ),
  one('retired leases are forgotten at the end', core, '[...this.#retired.takeAll()]', '[]'),
  one('the present lease is not given back at the end', core, 'leases.push(held);', ';'),
  one('a list of retired leases keeps the last only', retired, '[...this.#leases, lease]', '[lease]'),

  // Whose record it is.
  one(
    'the compare taken from the wrong revision',
    claiming,
    'this.#expected = kv?.modRevision;',
    'this.#expected = kv?.createRevision;',
  ),
  one(
    'the compare in place taken from the first write',
    stored,
    '#know(revision, value) {\n        this.#revision = revision;',
    '#know(revision, value) {',
  ),
  one(
    'a record without a lease counts as none',
    claim,
    "? { target: 'create', key, result: '=', value: 0n }",
    "? { target: 'lease', key, result: '=', value: 0n }",
  ),
  one(
    'written without a compare when the key should be free',
    claim,
    'const { key } = this;\n        return {\n            compare: [',
    "const { key } = this;\n        if (expected === undefined)\n            return { success: [{ type: 'put', key, value, options: { lease } }] };\n        return {\n            compare: [",
  ),
  one('another’s record is written over', claim, 'if (!isFirst)\n            return false;', ''),
  one(
    'its own records are another’s',
    claim,
    'if (this.#ownLeases.has(found.lease) || this.isOrphan(found))',
    'if (this.isOrphan(found))',
  ),
  one(
    'a record without a lease is waited for',
    claim,
    'return kv.lease === 0n && this.isOurs(kv.value);',
    'return false;',
  ),
  one(
    'any record without a lease is its own',
    claim,
    'return kv.lease === 0n && this.isOurs(kv.value);',
    'return kv.lease === 0n;',
  ),
  one('a restart waits for its own record', claim, ' || this.hasOwnAddr(found);', ';'),
  one('the loser of a conflict leaves', core, "if (this.#claim.conflictPolicy === 'fail')", 'if (true)'),
  one('the loser of a conflict stays', core, "if (this.#claim.conflictPolicy === 'fail')", 'if (false)'),
  one('a conflict at the start ends it', claiming, "if (claim.conflictPolicy === 'fail')", 'if (true)'),
  one('who must not wait waits', claiming, "if (claim.conflictPolicy === 'fail')", 'if (false)'),
  one('a record that was replaced is still its own', stored, "if (finding === 'replaced')", 'if (false)'),
  one(
    'a record that was waited for and went is not seen',
    claiming,
    'if (!kv || this.#mayReplace(kv)) {',
    'if (kv && this.#mayReplace(kv)) {',
  ),

  // What became of it.
  one(
    '"is it still alive" guessed on an error',
    asking,
    "if (isFinal(error))\n            return { type: 'failed', error };",
    "return { type: 'deleted' };",
  ),
  one(
    '"is it still alive" guessed to be no',
    asking,
    "if (isFinal(error))\n            return { type: 'failed', error };",
    "return { type: 'lease-lost', error: undefined };",
  ),
  one(
    'it is never asked whether the lease is alive',
    core,
    'this.#live(new Asking(this.#context, part.held));',
    'this.#deleted(part.held);',
  ),
  one('a delete is never an order', core, "if (this.#onDeleted === 'stop')", 'if (false)'),
  one('a delete is always an order', core, "if (this.#onDeleted === 'stop')", 'if (true)'),
  one('a lost answer is not recognized', claiming, 'if (kv && write.hasStored(kv))', 'if (false)'),
  one(
    'a state older than the write counts',
    claim,
    "if (revision < written)\n            return 'known';",
    '',
  ),
  one(
    'a store that went back is not noticed',
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
    'what failed is put after what came later',
    desired,
    'bounded([...this.#sending, ...this.#waiting])',
    'bounded([...this.#waiting, ...this.#sending])',
  ),
  one(
    'the value sent late',
    write,
    'this.#covers = claim.desired.latest;',
    'this.#covers = claim.desired.latest + 1;',
  ),
  one(
    'a write confirms what came after it',
    desired,
    'const sent = this.#sending;\n        this.#sending = [];',
    'const sent = [...this.#sending, ...this.#waiting];\n        this.#sending = [];\n        this.#waiting = [];',
  ),
  one(
    'a failed write is forgotten',
    desired,
    'this.#waiting = bounded([...this.#sending, ...this.#waiting]);',
    '',
  ),
  one(
    'an update settles when it is called',
    core,
    'calls.add(call, change(), timeoutMs, now);',
    "change(); this.#context.emit({ type: 'settle', call });",
  ),
  one('an update has no deadline', calls, 'if (now < until)\n                continue;', 'continue;'),
  one('an update ends too soon', calls, 'until: now + timeoutMs', 'until: now + timeoutMs / 2'),
  one('an update ends later', calls, 'until: now + timeoutMs', 'until: now + timeoutMs * 2'),
  one(
    'what is late is no longer desired',
    core,
    'calls.expire(key, now, lastError);',
    'if (calls.nextDeadline <= now) {\n            this.#claim.desired.send();\n            this.#claim.desired.takeBack();\n        }\n        calls.expire(key, now, lastError);',
  ),
  one(
    'updates are left open at the end',
    core,
    "this.#context.calls.settleAll(new ClosedError('the registration'));",
    '',
  ),
  one(
    'what can never be stored is tried forever',
    write,
    'const refused = claim.desired.takeBack();',
    'claim.desired.fail(); const refused = undefined;',
  ),
  one(
    'all is taken back with what can never be stored',
    desired,
    'this.#sending.filter((change) => change !== culprit)',
    '[]',
  ),
  one(
    'a drain is undone by an update',
    desired,
    'const wanted = this.#isDraining ? withDrainingStatus(endpoint) : endpoint;',
    'const wanted = endpoint;',
  ),
  one(
    'a drain is undone by an operator',
    desired,
    'return this.#isDraining ? withDrainingStatus(this.#base.endpoint) : this.#base.endpoint;',
    'return this.#base.endpoint;',
  ),

  // Other writers.
  one(
    'what an operator wrote is not adopted',
    claim,
    'this.isOurs(kv.value) ? undefined : this.desired.adopt(kv)',
    'undefined',
  ),
  one(
    'what an operator wrote while it was cut off is lost',
    claiming,
    'kv && claim.isNews(kv) ? claim.learn(kv) : undefined',
    'undefined',
  ),
  one(
    'its own values are adopted',
    claim,
    'this.isOurs(kv.value) ? undefined : this.desired.adopt(kv)',
    'this.desired.adopt(kv)',
  ),
  one(
    'lost answers are forgotten',
    sent,
    'return this.#sent.some((sent) => sent.value.equals(value));',
    'return false;',
  ),
  one(
    'a foreign address stays',
    stored,
    'this.#foreign = isAsItShouldBe ? undefined : textOf(kv);',
    'this.#foreign = undefined;',
  ),
  one(
    'a foreign address is adopted',
    desired,
    'const addr = isOwnAddr ? record.addr : this.#base.endpoint.addr;',
    'const addr = record.addr;',
  ),
  one('a stripped record stays', stored, 'isRight && kv.lease === this.held.lease', 'isRight'),

  // How fast.
  one(
    'the attempt counter is never reset',
    pacer,
    'if (now - this.#pausedUntil > this.#options.maxMs)\n            this.#attempt = 0;',
    '',
  ),
  one('no pause between lives', core, 'at: this.#context.now + pauseMs', 'at: this.#context.now'),
  one(
    'no pause between attempts to store',
    claiming,
    'this.#writeAt = now + retryInMs;',
    'this.#writeAt = now;',
  ),
  one(
    'no pause after a write that failed',
    stored,
    'this.#retryAt = this.#context.now + retryInMs;',
    'this.#retryAt = this.#context.now;',
  ),
  one(
    'no pause between questions',
    asking,
    'this.#askAt = this.#context.now + retryInMs;',
    'this.#askAt = this.#context.now;',
  ),
  one(
    'a write that failed is not repeated',
    stored,
    'this.#retryAt = this.#context.now + retryInMs;',
    'this.#retryAt = Number.POSITIVE_INFINITY;',
  ),
  one(
    'a claim is tried once',
    claiming,
    'this.#writeAt = now + retryInMs;',
    'this.#writeAt = Number.POSITIVE_INFINITY;',
  ),

  // The beginning and the end.
  one(
    'no close on a failed start',
    core,
    "this.#stop({ reason: 'closed' }, initial.late(key, lastError));",
    'this.#started(initial.late(key, lastError));',
  ),
  one(
    'the start has no deadline',
    initial,
    'return this.#until + graceMs;',
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
    'expiresIn off',
    closing,
    'return expiresInMs > 0 ? { ...this.#end, expiresInMs } : this.#end;',
    'return this.#end;',
  ),
  one(
    'expiresIn of what was given back',
    closing,
    'if (!isRevoked)\n            this.#leftMs',
    'this.#leftMs',
  ),
  one(
    'expiresIn leaves out what was not answered',
    closing,
    'Math.max(this.#leftMs, ...this.#leases.values())',
    'this.#leftMs',
  ),
  one(
    'the end has no bound',
    closing,
    'this.#deadline = context.now + timeoutMs;',
    'this.#deadline = Number.POSITIVE_INFINITY;',
  ),
  one(
    'the end does not wait',
    closing,
    'return this.#leases.size + this.#orphans.size === 0 ? this.#now() : this.#deadline;',
    'return this.#now();',
  ),
  one('the watch is left open at the end', core, 'phase.part?.leave();', ''),
  one('the watch is left open when the record is lost', stored, 'this.#context.cancel(this.#follow);', ''),
];
