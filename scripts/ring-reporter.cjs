// Mocha's own output, and beside it the counts as JSON in the file that RING_RESULT names.
const { writeFileSync } = require('node:fs');
const { Runner, reporters } = require('mocha');

module.exports = class RingReporter extends (
  (process.env.RING_STYLE === 'dot' ? reporters.Dot : reporters.Spec)
) {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (process.env.RING_RESULT) {
        writeFileSync(
          process.env.RING_RESULT,
          JSON.stringify({ passed: passes, failed: failures, skipped: pending }),
        );
      }
    });
  }
};
