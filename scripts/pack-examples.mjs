// Runs the examples of the installed package, by the commands of examples/README.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const timeoutMs = 60_000;

/** A text that each example prints, in their order. Those that need packages besides this one and grpc-js are missing. */
const outputs = {
  'etcd/main.js': 'npx etcd-naming ls',
  'demo/main.js': 'SIGKILL to greeter-b',
  'plain/main.js': 'Hello, world, from plain',
  'greeter/server.js': 'registered as examples/greeter/',
  'greeter/client.js': 'Hello, world, from server',
  'weights/main.js': 'when the zone is empty: distant 40',
  'drain/main.js': 'registered as examples/drain/',
  'cluster/main.js': 'registered',
  'health/main.js': 'registered in the end',
  'election/main.js': 'written by',
  'lock/main.js': 'nine rounds, counted 9',
  'directory-http/main.js': 'answered by one and two',
  'observability/main.js': 'metrics: http://127.0.0.1:9464/metrics',
};

/**
 * Starts the examples one after another, waits for the output of each, and then ends all of them.
 * @param project the folder of a project that installed the package.
 */
export async function runExamples(node, project, packageName, endpoint) {
  const folder = join('node_modules', packageName, 'examples');
  const readme = readFileSync(join(project, folder, 'README.md'), 'utf8');
  // npm pack has removed and built these modules since this one was loaded.
  const { freePorts } = await import('../build/src/testing/ports.js');
  const running = [];
  try {
    for (const [file, text] of Object.entries(outputs)) {
      const command = join(folder, file);
      if (!readme.includes(`| \`node ${command}`)) throw new Error(`examples/README.md has no ${command}`);
      const args = file === 'cluster/main.js' ? await freePorts(1) : [];
      const example = spawn(node, [command, ...args, endpoint], {
        cwd: project,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running.push(example);
      await prints(example, text, command);
    }
  } finally {
    await Promise.all(running.map(end));
  }
  console.log(`ok: ${running.length} examples of the tarball run`);
}

async function prints(example, text, command) {
  let printed = '';
  const found = new Promise((resolve) => {
    for (const stream of [example.stdout, example.stderr])
      stream.on('data', (chunk) => {
        printed += chunk;
        if (printed.includes(text)) resolve(true);
      });
  });
  const timer = setTimeout(() => example.kill('SIGKILL'), timeoutMs);
  const isFound = await Promise.race([found, once(example, 'close').then(() => printed.includes(text))]);
  clearTimeout(timer);
  if (!isFound) throw new Error(`${command} did not print '${text}':\n${printed}`);
}

async function end(example) {
  if (example.exitCode !== null || example.signalCode !== null) return;
  const ended = once(example, 'exit');
  example.kill('SIGTERM');
  const timer = setTimeout(() => example.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}
