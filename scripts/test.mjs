#!/usr/bin/env node
// npm test: checks, then the test suites, then one line with the counts.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keysIn, readSecrets, report } from './canary.mjs';
import { installFolder } from './install-folder.mjs';
import { prune } from './prune.mjs';
import { exitOnSignals, isJobs, jobsFor, runFiles, sharesOf, testFiles } from './suite.mjs';

const help = `npm test [-- options] [paths] [mocha options]

  --only <suite>     build, then run only one suite: unit, sim, integration, fault, interop or migration
  --jobs <n>         run the test files in n Mocha processes at once; 1: all files in one process
                     (default without mocha options: one for each core, at most 4, for the unit and sim suites, two more for
                     the integration and migration suites; else 1)
  --reporter <name>  Mocha's reporter (default: dot for the unit suite, else spec)
  --help             this text

Without --only: lint, type-check and build, generated code up to date, then the unit, sim and integration suites.
A path is a test file or a folder of them: npm test -- --only integration test/integration/naming
Other options go to mocha, e.g. npm test -- --only integration --grep compaction
Also fails when a password, token or private key of the tests occurs in their output.
The etcd of the integration suite: ETCD_TEST_SOURCE=binary|docker|fetch|external (default: the first that is available).`;

const root = join(fileURLToPath(import.meta.url), '../..');
process.chdir(root);
const ours = {
  only: { type: 'string' },
  jobs: { type: 'string' },
  reporter: { type: 'string', short: 'R' },
  help: { type: 'boolean' },
};
const { values, tokens } = parseArgs({ options: ours, allowPositionals: true, strict: false, tokens: true });
const others = process.argv
  .slice(2)
  .filter(
    (_, i) => !tokens.some((token) => token.name in ours && (token.index === i || isValueAt(token, i))),
  );
const paths = others.filter(isTestPath);
const forMocha = others.filter((arg) => !isTestPath(arg));
if (values.help) {
  console.log(help);
  process.exit(0);
}
const suites = ['unit', 'sim', 'integration', 'fault', 'interop', 'migration'];
if (values.only && !suites.includes(values.only))
  refuse(`unknown suite '${values.only}': one of ${suites.join(', ')}`);
if (!isJobs(values.jobs)) refuse(`--jobs must be a number from 1, not '${values.jobs}'`);

const bin = (name) => join('node_modules', '.bin', name);
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
/** All output of the suites, and the secrets that must not occur in it. */
const capture = mkdtempSync(join(tmpdir(), 'etcd-naming-output-'));
const outputFile = join(capture, 'output');
const secretsFile = join(capture, 'secrets');
process.on('exit', () => rmSync(capture, { recursive: true, force: true }));
exitOnSignals();

const checks = values.only
  ? [
      ['build', bin('tsc'), ['-b']],
      ['bundle', process.execPath, ['scripts/bundle.mjs']],
    ]
  : [
      ['lint', 'npm', ['run', '--silent', 'lint']],
      ['type-check and build', bin('tsc'), ['-b']],
      ['bundle', process.execPath, ['scripts/bundle.mjs']],
      ['generated code is up to date', 'npm', ['run', '--silent', 'gen:check']],
      ['API reports are up to date', process.execPath, ['scripts/api-report.mjs', '--check']],
      ['diagrams are up to date', process.execPath, ['scripts/diagrams.mjs', '--check']],
    ];
for (const file of prune(root)) console.log(`removed: ${file}, which has no source`);
if (checks.every(([name, command, args]) => check(name, command, args))) {
  for (const suite of values.only ? [values.only] : ['unit', 'sim', 'integration']) await run(suite);
  clean();
} else {
  total.failed++;
}
for (const { name, text } of failures) console.log(`\nFAILED: ${name}\n${text}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);

function refuse(message) {
  console.error(message);
  process.exit(2);
}

/** `--only unit` is two arguments, `--only=unit` one. */
function isValueAt(token, i) {
  return token.value !== undefined && token.inlineValue === false && token.index + 1 === i;
}

/** Other paths may be values of Mocha's options. */
function isTestPath(arg) {
  if (!arg.startsWith('test/') || !existsSync(arg)) return false;
  return arg.endsWith('.test.ts') || statSync(arg).isDirectory();
}

function check(name, command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name}`);
  return status === 0;
}

function clean() {
  console.log();
  const output = existsSync(outputFile) ? readFileSync(outputFile) : Buffer.alloc(0);
  const isClean = report([...readSecrets(secretsFile), ...keysIn('test/support')], output);
  if (!isClean) total.failed++;
}

async function run(suite) {
  // The test files run at once, so they cannot install it.
  if (suite === 'migration') await installFolder(join(root, 'test/migration/peer'));
  const files = testFiles(suite, paths);
  const jobs = Math.min(files.length, values.jobs ?? jobsFor(suite, forMocha));
  const shares = sharesOf(suite, files, jobs);
  const own = shares.length === files.length ? 'processes of their own' : `${shares.length} processes`;
  console.log(`\nsuite ${suite}: ${files.length} files${jobs > 1 ? ` in ${own}, ${jobs} at once` : ''}`);
  if (files.length === 0) {
    console.log('FAILED: no tests');
    total.failed++;
    return;
  }
  // Piped output is not a terminal and would lose its colours.
  const colours = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  const style = values.reporter ?? (suite === 'unit' ? 'dot' : 'spec');
  const result = await runFiles(files, {
    jobs,
    shares,
    options: forMocha,
    env: { ...colours, SUITE_STYLE: style, CANARY_SECRETS: secretsFile },
    scratch: capture,
    write: (text) => {
      process.stdout.write(text);
      appendFileSync(outputFile, text);
    },
  });
  for (const count of Object.keys(total)) total[count] += result[count];
  // Mocha has listed those of a single process last.
  if (jobs > 1 || !values.only) failures.push(...result.failures);
}
