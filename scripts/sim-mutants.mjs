#!/usr/bin/env node
// npm run sim:mutants: mutants of the watch, lease, registration or lock core, each of which the core's simulation must
// detect.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cores, patchedFiles } from './sim-cores.mjs';

const help = `npm run sim:mutants -- [options]

  --schedules N   maximum number of schedules per mutant (default 20000)
  --seed S        the first seed (default 1)
  --only TEXT     only mutants whose name contains TEXT
  --core C        the core: watch (default), lease, register or lock`;

const root = join(fileURLToPath(import.meta.url), '../..');
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    core: { type: 'string', default: 'watch' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}

const core = cores[values.core];
if (!core) {
  console.error(`unknown core '${values.core}'\n\n${help}`);
  process.exit(2);
}

/** A mutant may loop forever. */
const timeoutMs = 300_000;
const chosen = core.mutants.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) {
  console.error(`no mutant of the core '${values.core}' has '${values.only}' in its name`);
  process.exit(2);
}
const results = new Map();
const queue = [{ name: 'none (the unchanged core)', patches: [] }, ...chosen];
const waiting = [...queue];
await Promise.all(Array.from({ length: availableParallelism() }, work));

const width = Math.max(...queue.map(({ name }) => name.length));
let survivors = 0;
let broken = 0;
for (const { name, patches } of queue) {
  const { ran, rule, error } = results.get(name);
  if (error !== undefined) {
    broken++;
    console.log(`${name.padEnd(width)}  ${'NO RESULT'.padEnd(24)}  ${error}`);
    continue;
  }
  const shouldLive = patches.length === 0;
  if ((rule === undefined) !== shouldLive) survivors++;
  const verdict = rule === undefined ? `SURVIVED ${ran} schedules` : `killed at ${ran}`;
  console.log(`${name.padEnd(width)}  ${verdict.padEnd(24)}  ${rule ?? ''}`);
}
const wrong = survivors + broken;
console.log(`${chosen.length} mutants, ${wrong === 0 ? 'all killed' : `${wrong} with a wrong result`}`);
process.exit(wrong === 0 ? 0 : 1);

async function work() {
  for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
    const home = mkdtempSync(join(tmpdir(), 'etcd-naming-mutant-'));
    try {
      prepare(home, mutant);
      results.set(mutant.name, await simulate(home));
    } catch (error) {
      results.set(mutant.name, { error: error.message });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }
}

/** Copies the built simulation and its modules, with the mutant's patches. */
function prepare(home, mutant) {
  writeFileSync(join(home, 'package.json'), '{ "type": "module", "imports": { "#src/*": "./build/src/*" } }');
  for (const module of [
    core.folder,
    ...(core.needs ?? []),
    'build/src/errors',
    'build/src/model',
    'build/src/async',
    'build/test/sim',
  ]) {
    cpSync(join(root, module), join(home, module), { recursive: true });
  }
  const files = patchedFiles(mutant, (file) => readFileSync(join(home, core.folder, file), 'utf8'));
  for (const [file, text] of files) writeFileSync(join(home, core.folder, file), text);
}

/**
 * Returns the number of schedules run, and the rule that was broken, if any; a timeout breaks one. A simulation that
 * cannot be loaded or that crashes has detected nothing: that is an error.
 */
function simulate(home) {
  const args = [core.main, '--json', '--schedules', values.schedules, '--seed', values.seed];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) {
        resolve({ ran: 0, rule: `no end after ${timeoutMs / 1_000} s` });
        return;
      }
      try {
        const { ran, failed } = JSON.parse(output);
        resolve({ ran, rule: failed?.rule });
      } catch {
        const line = errors.split('\n').find((text) => text.includes('Error'));
        resolve({ error: line ?? `exited with ${code ?? signal}` });
      }
    });
  });
}
