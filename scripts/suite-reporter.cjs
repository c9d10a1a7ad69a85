// Mocha's own output, and beside it the counts as JSON in the file that RING_RESULT names.
const { writeFileSync } = require('node:fs');
const { inspect } = require('node:util');
const { Runner, reporters } = require('mocha');

/** Rejections that nobody handled. They end the process of a user, but Mocha passes over them in silence. */
const loose = new Set();
process.prependListener('unhandledRejection', (reason) => loose.add(reason));

module.exports = class RingReporter extends (
  (process.env.RING_STYLE === 'dot' ? reporters.Dot : reporters.Spec)
) {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const reason of loose)
        console.log(`\nFAILED: a rejection that nobody handled: ${inspect(reason)}`);
      const { passes, failures, pending } = this.stats;
      if (process.env.RING_RESULT) {
        writeFileSync(
          process.env.RING_RESULT,
          JSON.stringify({ passed: passes, failed: failures + loose.size, skipped: pending }),
        );
      }
    });
  }
};
