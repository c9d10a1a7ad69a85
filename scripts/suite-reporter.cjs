// Mocha's own output of the style that SUITE_STYLE names, and a report as JSON in the file that SUITE_REPORT names.
const { writeFileSync } = require('node:fs');
const { format, inspect } = require('node:util');
const { Runner, reporters } = require('mocha');

const { EVENT_RUN_END, EVENT_SUITE_BEGIN } = Runner.constants;
const { SUITE_REPORT: reportFile, SUITE_STYLE: style = 'spec' } = process.env;

/** Unhandled rejections. They end a user's process, but Mocha ignores them. */
const loose = new Set();
process.prependListener('unhandledRejection', (reason) => loose.add(reason));

const Style = reporters[style] ?? require(style);

module.exports = class SuiteReporter extends Style {
  constructor(runner, options) {
    super(runner, options);
    if (reportFile)
      runner.on(EVENT_SUITE_BEGIN, ({ file }) => file && writeFileSync(`${reportFile}.at`, file));
    runner.once(EVENT_RUN_END, () => {
      const rejections = [...loose].map((reason) => `FAILED: unhandled rejection: ${inspect(reason)}`);
      for (const text of rejections) console.log(`\n${text}`);
      const { passes: passed, failures, pending: skipped } = runner.stats;
      const failed = failures + loose.size;
      const texts = [listed(this.failures ?? []), ...rejections].filter(Boolean);
      if (reportFile) writeFileSync(reportFile, JSON.stringify({ passed, failed, skipped, failures: texts }));
    });
  }
};

/** The failed tests as Mocha lists them. */
function listed(failures) {
  const lines = [];
  const { consoleLog, list } = reporters.Base;
  reporters.Base.consoleLog = (...args) => lines.push(format(...args));
  list(failures);
  reporters.Base.consoleLog = consoleLog;
  return lines.join('\n').trimEnd();
}
