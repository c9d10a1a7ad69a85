// Mutants of the acquisition core of locks and elections: each replaces a text that occurs exactly once in the compiled
// core.

const one = (name, file, from, to) => ({ name, patches: [{ file, from, to }] });
const many = (name, ...patches) => ({
  name,
  patches: patches.map(([file, from, to]) => ({ file, from, to })),
});

const core = 'acquisition-core.js';
const requests = 'requests.js';
const place = 'place.js';
const errors = 'errors.js';

export const mutants = [
  // When the lock is acquired.
  one(
    'acquired without a look at older keys',
    core,
    'if (predecessor)\n            this.#follow',
    'if (false)\n            this.#follow',
  ),
  many(
    'acquired when the predecessor is gone',
    [core, '#onState(request, { kv }) {', '#onState(request, { kv, revision }) {'],
    [
      core,
      'this.#onPredecessorGone(place, request);',
      'this.#acquire(place, place.createRevision, revision);',
    ],
  ),
  many(
    'acquired without the own key',
    [
      core,
      "if (!place.isOwn(own) || (this.#step === 'own' && predecessor)) {",
      "if (this.#step === 'own' && (!place.isOwn(own) || predecessor)) {",
    ],
    [
      core,
      'this.#acquire(place, own.createRevision, revision);',
      'this.#acquire(place, place.createRevision, revision);',
    ],
  ),
  one('the join reads one key only', requests, 'newest(queue, { limit: 2 })', 'newest(queue, { limit: 1 })'),
  one(
    'acquired after a lost answer without a read',
    core,
    'else\n            this.#sendRequest();\n    }\n    #onTaken',
    'else\n            this.#onView(place, own, undefined, result.revision);\n    }\n    #onTaken',
  ),
  one(
    'the token is the revision that created the key',
    core,
    'createRevision, token });',
    'createRevision, token: createRevision });',
  ),
  one(
    'the guard has the revision of the view',
    core,
    'this.#acquire(place, own.createRevision, revision);',
    'this.#acquire(place, revision, revision);',
  ),
  one(
    'waits for its own key',
    requests,
    'maxCreateRevision: createRevision - 1n',
    'maxCreateRevision: createRevision',
  ),
  one(
    'the older keys are read without the bound',
    requests,
    'limit: 1, maxCreateRevision: createRevision - 1n',
    'limit: 1',
  ),
  one('the keys are read in the order of their names', requests, "by: 'create'", "by: 'key'"),
  one('reads the oldest keys', requests, "order: 'descend'", "order: 'ascend'"),
  one('tryLock joins a queue', core, "mode === 'try' ? joinIfEmptyTxn : joinTxn", 'joinTxn'),

  // What is watched.
  one('only the predecessor is watched', core, 'place.ownFollow ??= this.#follow(place.key, revision);', ''),
  one(
    'the own key is watched only as owner',
    core,
    'place.ownFollow ??= this.#follow(place.key, revision);',
    'if (!predecessor) place.ownFollow ??= this.#follow(place.key, revision);',
  ),
  one('the predecessor is not watched', core, 'this.#followPredecessor(place, predecessor, revision);', '{}'),
  one(
    'only the first predecessor is watched',
    core,
    'this.#followPredecessor(place, predecessor, revision);',
    'if (!place.hadPredecessor) { place.hadPredecessor = true; this.#followPredecessor(place, predecessor, revision); }',
  ),
  one(
    'the deletion of the predecessor causes no read',
    core,
    'if (this.#isIdle)\n            this.#sendRequest();\n    }\n    // Ends.',
    '}\n    // Ends.',
  ),
  one(
    'each state of the predecessor causes a read',
    core,
    'if (kv?.createRevision !== place.predecessor.createRevision)\n',
    '',
  ),
  one(
    'a watch that ended counts as one that continues',
    place,
    'if (!this.isFollowing(request))',
    'if (true)',
  ),
  one('the watch of the own key does not begin again', place, 'this.ownFollow = undefined;', '{}'),
  one('a key with the same name is the own one', place, 'kv.createRevision === this.createRevision', 'true'),
  one(
    'a key without the lease is taken over',
    core,
    'if (!result.succeeded && own.lease !== place.lease)',
    'if (false)',
  ),
  one(
    'a changed value makes it another key',
    place,
    'kv.createRevision === this.createRevision',
    'kv.modRevision === this.createRevision',
  ),

  // When a place is lost.
  one('the end of the lease is not noticed', core, 'if (input.lease === this.#place?.lease)', 'if (false)'),
  one('the deletion of the own key is not noticed', core, 'if (!place.isOwn(kv))', 'if (false)'),
  one(
    'a failed guard is not noticed',
    core,
    "if (this.#step === 'own')\n                    this.#loseKey();",
    '',
  ),
  one(
    'an error of a request ends the wait',
    core,
    'else if (isFinal(error))\n            this.#onFinalError(error);\n        else\n            this.#retryLater(error);',
    'else\n            this.#onFinalError(error);',
  ),
  one(
    'a lost answer is a failure',
    core,
    'else if (isFinal(error))\n            this.#onFinalError(error);\n        else\n            this.#retryLater(error);',
    "else if (isFinal(error) || (this.#step === 'join' && error.verdict === 'maybe-applied'))\n            this.#onFinalError(error);\n        else\n            this.#retryLater(error);",
  ),
  one(
    'the place is lost with the connection',
    core,
    'else if (isFinal(error))\n            this.#onFinalError(error);\n        else\n            this.#retryLater(error);',
    "else if (isFinal(error))\n            this.#onFinalError(error);\n        else if (this.#step === 'wait') { this.#leave(); this.#begin('grant'); }\n        else\n            this.#retryLater(error);",
  ),
  one(
    'a rollback ends the wait',
    errors,
    'historyLoss(error) === undefined',
    "historyLoss(error) !== 'compacted'",
  ),
  one(
    'a compaction ends the wait',
    errors,
    'historyLoss(error) === undefined',
    "historyLoss(error) !== 'rolled-back'",
  ),
  one(
    'a watch that ended causes no read',
    core,
    'else if (this.#isIdle)\n            this.#retryLater(error);',
    '',
  ),
  one(
    'queues again without the option',
    core,
    'this.#options.requeue && canRequeue(loss)',
    'canRequeue(loss)',
  ),
  one('does not queue again', core, 'this.#options.requeue && canRequeue(loss)', 'false'),
  one(
    'queues again without leaving its place',
    core,
    "this.#leave();\n            this.#step = 'grant';",
    "this.#place = undefined; this.#request = undefined;\n            this.#step = 'grant';",
  ),

  // What is left behind.
  one(
    'an abort leaves the key behind',
    core,
    'if (this.#isAcquiring)\n                    this.#end();',
    "if (this.#isAcquiring)\n                    this.#step = 'ended';",
  ),
  one(
    'a lease granted after an abort is kept',
    core,
    "this.#emit({ type: 'leave', lease }); // granted after an abort",
    '',
  ),
  one(
    'an error leaves the key behind',
    core,
    '#refuse(error) {\n        this.#end();',
    "#refuse(error) {\n        this.#step = 'ended';",
  ),
  one('the watches of a place that ended continue', core, 'this.#cancel(place.ownFollow);', ''),
  one(
    'the watch of the predecessor continues',
    core,
    'this.#cancel(request);\n        place.predecessor',
    'place.predecessor',
  ),
  one('an answer after the end counts', core, 'if (input.request === this.#request)', 'if (true)'),
  one(
    'the key has no lease',
    requests,
    "type: 'put', key, value, options: { lease }",
    "type: 'put', key, value, options: {}",
  ),
  one(
    'deletes every key of the queue',
    requests,
    "success: [{ type: 'delete', range: key }]",
    "success: [{ type: 'delete', range: { prefix: key.subarray(0, 2) } }]",
  ),
  one(
    'deletes a key that is not its own',
    requests,
    "compare: [{ target: 'create', key, result: '=', value: createRevision }],",
    '',
  ),
  one(
    'released before its key is deleted',
    core,
    "this.#leave();\n        this.#step = 'leave';",
    'this.#leave();\n        this.#onReleased(undefined);',
  ),
  one(
    'released by the end of an earlier place',
    core,
    'if (input.lease === this.#releasing)',
    'if (this.#releasing !== undefined)',
  ),
  one('the key has a decimal lease id', requests, 'lease.toString(16)', 'lease.toString()'),

  // Time.
  one('retries without a pause', core, 'this.#now + this.#retryPacer.nextDelayMs()', 'this.#now'),
  one('the deadline is ignored', core, 'if (this.#isAcquiring && now >= this.#deadline)', 'if (false)'),
  one(
    'the deadline ends an owner',
    core,
    'if (this.#isAcquiring && now >= this.#deadline)',
    'if (now >= this.#deadline)',
  ),
  one(
    'no timer for the deadline',
    core,
    'this.#isAcquiring ? this.#deadline : Number.POSITIVE_INFINITY',
    'Number.POSITIVE_INFINITY',
  ),
  one(
    'no timer for the retry',
    core,
    'Math.min(this.#retryAt, this',
    'Math.min(Number.POSITIVE_INFINITY, this',
  ),
];
