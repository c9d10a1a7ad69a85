#!/usr/bin/env node
// npm test: checks, then the test suites, then one line with the counts.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keysIn, readSecrets, report } from './canary.mjs';
import { prune } from './prune.mjs';

const help = `npm test [-- options] [mocha options]

  --only <suite>  build, then run only one suite: unit, integration, fault or interop
  --help          this text

Without --only: lint, type-check and build, generated code up to date, then the unit and the integration suite.
Other options go to mocha, e.g. npm test -- --only integration --grep compaction
Also fails when a password, token or private key of the tests occurs in their output.
The etcd of the integration suite: ETCD_TEST_SOURCE=binary|docker|fetch|external (default: the first that is available).`;

const root = join(fileURLToPath(import.meta.url), '../..');
process.chdir(root);
const ours = { only: { type: 'string' }, help: { type: 'boolean' } };
const { values, tokens } = parseArgs({ options: ours, allowPositionals: true, strict: false, tokens: true });
const forMocha = process.argv
  .slice(2)
  .filter(
    (_, i) => !tokens.some((token) => token.name in ours && (token.index === i || isValueAt(token, i))),
  );
if (values.help) {
  console.log(help);
  process.exit(0);
}
const suites = ['unit', 'integration', 'fault', 'interop'];
if (values.only && !suites.includes(values.only)) {
  console.error(`unknown suite '${values.only}': one of ${suites.join(', ')}`);
  process.exit(2);
}

/** A suite's process that has reported and does not exit has left something running. */
const lingerMs = 15_000;
const bin = (name) => join('node_modules', '.bin', name);
const total = { passed: 0, failed: 0, skipped: 0 };
/** All output of the suites, and the secrets that must not occur in it. */
const capture = mkdtempSync(join(tmpdir(), 'etcd-naming-output-'));
const outputFile = join(capture, 'output');
const secretsFile = join(capture, 'secrets');
process.on('exit', () => rmSync(capture, { recursive: true, force: true }));
// A signal alone would not run the exit handlers.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.once(signal, () => process.exit(code));

const checks = values.only
  ? [['build', bin('tsc'), ['-b']]]
  : [
      ['lint', 'npm', ['run', '--silent', 'lint']],
      ['type-check and build', bin('tsc'), ['-b']],
      ['generated code is up to date', 'npm', ['run', '--silent', 'gen:check']],
      ['API reports are up to date', process.execPath, ['scripts/api-report.mjs', '--check']],
    ];
for (const file of prune(root)) console.log(`removed: ${file}, which has no source`);
let ok = checks.every(([name, command, args]) => check(name, command, args));
if (ok) {
  for (const suite of values.only ? [values.only] : ['unit', 'integration']) ok = (await run(suite)) && ok;
  ok = clean() && ok;
} else {
  total.failed++;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(ok && total.failed === 0 ? 0 : 1);

/** `--only unit` is two arguments, `--only=unit` one. */
function isValueAt(token, i) {
  return token.value !== undefined && token.inlineValue === false && token.index + 1 === i;
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
  return isClean;
}

async function run(suite) {
  const folder = join('build', 'test', suite);
  if (!existsSync(folder)) {
    console.log(`FAILED: no tests in suite ${suite}`);
    total.failed++;
    return false;
  }
  console.log(`\nsuite ${suite}:`);
  const resultFile = join(capture, `${suite}.json`);
  const style = suite === 'unit' ? 'dot' : 'spec';
  const args = ['--reporter', 'scripts/suite-reporter.cjs', ...forMocha, `${folder}/**/*.test.js`];
  // Piped output is not a terminal and would lose its colours.
  const colours = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  const env = {
    ...process.env,
    ...colours,
    SUITE_RESULT: resultFile,
    SUITE_STYLE: style,
    CANARY_SECRETS: secretsFile,
  };
  const { code, lingered } = await runMocha(args, env, resultFile);
  const counts = existsSync(resultFile)
    ? JSON.parse(readFileSync(resultFile, 'utf8'))
    : { passed: 0, failed: 1, skipped: 0 };
  for (const [name, count] of Object.entries(counts)) total[name] += count;
  if (lingered) {
    console.log(
      `suite ${suite}: its process was still running ${lingerMs / 1000} s after the last test: a test leaks a resource`,
    );
    total.failed++;
  }
  if (code !== 0 && counts.failed === 0 && !lingered) {
    console.log(`suite ${suite}: its process exited with ${code} after the last test`);
    total.failed++;
  }
  return code === 0 && !lingered;
}

function runMocha(args, env, resultFile) {
  return new Promise((resolve) => {
    const stdio = ['inherit', 'pipe', 'pipe'];
    const child = spawn(bin('mocha'), args, { stdio, env, shell: process.platform === 'win32' });
    process.once('exit', () => child.kill());
    const copy = createWriteStream(outputFile, { flags: 'a' });
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.on('data', (bytes) => {
        to.write(bytes);
        copy.write(bytes);
      });
    }
    let reportedAt;
    let lingered = false;
    const timer = setInterval(() => {
      if (!existsSync(resultFile)) return;
      reportedAt ??= Date.now();
      if (Date.now() - reportedAt < lingerMs) return;
      lingered = true;
      child.kill('SIGKILL');
    }, 500);
    child.once('exit', (code) => {
      clearInterval(timer);
      const done = () => {
        clearTimeout(patience);
        copy.end(() => resolve({ code, lingered }));
      };
      // A process that outlives the suite may keep its output open.
      const patience = setTimeout(() => child.stdout.destroy(), 2_000);
      child.stdout.destroyed ? done() : child.stdout.once('close', done);
    });
  });
}
