// Mocha's own output, and the counts as JSON in the file that SUITE_RESULT names.
const { writeFileSync } = require('node:fs');
const { inspect } = require('node:util');
const { Runner, reporters } = require('mocha');

/** Unhandled rejections. They end a user's process, but Mocha ignores them. */
const loose = new Set();
process.prependListener('unhandledRejection', (reason) => loose.add(reason));

module.exports = class SuiteReporter extends (
  (process.env.SUITE_STYLE === 'dot' ? reporters.Dot : reporters.Spec)
) {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const reason of loose) console.log(`\nFAILED: unhandled rejection: ${inspect(reason)}`);
      const { passes, failures, pending } = this.stats;
      if (process.env.SUITE_RESULT) {
        writeFileSync(
          process.env.SUITE_RESULT,
          JSON.stringify({ passed: passes, failed: failures + loose.size, skipped: pending }),
        );
      }
    });
  }
};
