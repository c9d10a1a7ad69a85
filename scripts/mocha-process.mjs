// One Mocha process, from its start to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A process that has reported and does not exit has left something running. */
const LINGER_MS = 15_000;
/** A program that outlives the process may keep its output open. */
const OUTPUT_MS = 2_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url));
const reporter = fileURLToPath(new URL('suite-reporter.cjs', import.meta.url));
const hasGroups = process.platform !== 'win32';
const running = new Set();

process.on('exit', () => running.forEach(kill));

/**
 * Runs Mocha on files. `onOutput` gets the bytes of stdout and stderr as they arrive. Resolves to the counts and the texts
 * of the failures. It is one more failure when the process ends before its report, or with an error although no test
 * failed, or does not end.
 *
 * @param options for Mocha
 * @param env environment variables in addition to those of this process
 * @param reportFile a path that no other process uses
 */
export async function runMocha(files, { options = [], env, reportFile, onOutput, lingerMs = LINGER_MS }) {
  const child = spawn(process.execPath, [mocha, '--reporter', reporter, ...options, ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, SUITE_REPORT: reportFile },
    // A process group, so that kill() includes the programs that the tests started.
    detached: hasGroups,
  });
  running.add(child);
  for (const output of [child.stdout, child.stderr]) output.on('data', onOutput);
  const lingering = watchLingering(child, reportFile, lingerMs);
  const ending = await untilClosed(child);
  running.delete(child);
  const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : undefined;
  const problem = lingering.end() ?? problemOf(report, ending, reportFile);
  const { passed, failed, skipped, failures } = report ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (!problem) return { passed, failed, skipped, failures };
  const text = `FAILED: the process ${problem}`;
  onOutput(Buffer.from(`\n${text}\n`));
  return { passed, failed: failed + 1, skipped, failures: [...failures, text] };
}

/** Resolves when the process has ended and its output is complete. */
async function untilClosed(child) {
  let outputTimer;
  child.once('exit', () => {
    kill(child);
    outputTimer = setTimeout(() => {
      for (const output of [child.stdout, child.stderr]) output.destroy();
    }, OUTPUT_MS);
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(outputTimer);
  return { code, text: signal ? `was ended by ${signal}` : `exited with ${code}` };
}

function kill({ pid }) {
  try {
    process.kill(hasGroups ? -pid : pid, 'SIGKILL');
  } catch {} // all of it has ended
}

/** Kills the process when it still runs some time after its report; `end()` then returns a text. */
function watchLingering(child, reportFile, lingerMs) {
  let reportedAt;
  let text;
  const timer = setInterval(() => {
    if (!existsSync(reportFile)) return;
    reportedAt ??= Date.now();
    if (Date.now() - reportedAt < lingerMs) return;
    text = `was still running ${lingerMs / 1000} s after the last test: a test leaks a resource`;
    kill(child);
  }, 500);
  return {
    end() {
      clearInterval(timer);
      return text;
    },
  };
}

function problemOf(report, { code, text }, reportFile) {
  if (!report) return `${text} before its report, ${placeOf(reportFile)}`;
  return code !== 0 && report.failed === 0 ? `${text} after the last test` : undefined;
}

/** The test file that ran last, as the reporter noted it. */
function placeOf(reportFile) {
  const file = `${reportFile}.at`;
  return existsSync(file) ? `while it ran ${readFileSync(file, 'utf8')}` : 'before its first test';
}
