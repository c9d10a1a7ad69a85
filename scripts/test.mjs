#!/usr/bin/env node
// npm test: checks, then the rings of tests, then one plain line with the counts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `npm test [-- options] [mocha options]

  --only <ring>   build, then run one ring alone: unit, integration, fault or interop
  --help          this text

Without --only: lint, type-check and build, generated code up to date, then the unit and the integration ring.
What follows goes to mocha, e.g. npm test -- --only integration --grep compaction
The etcd of the integration ring: ETCD_TEST_SOURCE=binary|docker|fetch|external (default: the first that can be had).`;

const root = join(fileURLToPath(import.meta.url), '../..');
process.chdir(root);
const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true,
  strict: false,
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rings = ['unit', 'integration', 'fault', 'interop'];
if (values.only && !rings.includes(values.only)) {
  console.error(`unknown ring '${values.only}': one of ${rings.join(', ')}`);
  process.exit(2);
}

/** A ring's process that has reported and does not end has left something running. */
const lingerMs = 15_000;
const bin = (name) => join('node_modules', '.bin', name);
const total = { passed: 0, failed: 0, skipped: 0 };

const checks = values.only
  ? [['build', bin('tsc'), ['-b']]]
  : [
      ['lint', 'npm', ['run', '--silent', 'lint']],
      ['type-check and build', bin('tsc'), ['-b']],
      ['generated code is up to date', 'npm', ['run', '--silent', 'gen:check']],
    ];
let ok = checks.every(([name, command, args]) => check(name, command, args));
if (ok) {
  for (const ring of values.only ? [values.only] : ['unit', 'integration']) ok = (await run(ring)) && ok;
} else {
  total.failed++;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(ok && total.failed === 0 ? 0 : 1);

function check(name, command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name}`);
  return status === 0;
}

async function run(ring) {
  const folder = join('build', 'test', ring);
  if (!existsSync(folder)) {
    console.log(`FAILED: no tests in ring ${ring}`);
    total.failed++;
    return false;
  }
  console.log(`\nring ${ring}:`);
  const scratch = mkdtempSync(join(tmpdir(), 'etcd-naming-test-'));
  const resultFile = join(scratch, 'result.json');
  const style = ring === 'unit' ? 'dot' : 'spec';
  const args = ['--reporter', 'scripts/ring-reporter.cjs', ...positionals, `${folder}/**/*.test.js`];
  const env = { ...process.env, RING_RESULT: resultFile, RING_STYLE: style };
  const { code, lingered } = await spawnRing(args, env, resultFile);
  const counts = existsSync(resultFile)
    ? JSON.parse(readFileSync(resultFile, 'utf8'))
    : { passed: 0, failed: 1, skipped: 0 };
  rmSync(scratch, { recursive: true });
  for (const [name, count] of Object.entries(counts)) total[name] += count;
  if (lingered) {
    console.log(
      `ring ${ring}: its process was still running ${lingerMs / 1000} s after the last test: a test leaves something behind`,
    );
    total.failed++;
  }
  if (code !== 0 && counts.failed === 0 && !lingered) {
    console.log(`ring ${ring}: its process ended with ${code} after the last test`);
    total.failed++;
  }
  return code === 0 && !lingered;
}

function spawnRing(args, env, resultFile) {
  return new Promise((resolve) => {
    const child = spawn(bin('mocha'), args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
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
      resolve({ code, lingered });
    });
  });
}
