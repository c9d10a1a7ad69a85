#!/usr/bin/env node
// Runs the demo and writes docs/images/demo.svg, the README's picture of its output, shortened.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toSvg } from './terminal-svg.mjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const file = join(root, 'docs/images/demo.svg');

const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'examples/demo/main.js')], {
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1' },
});
if (status !== 0) {
  console.error(stdout, stderr);
  process.exit(1);
}
// The events and the summary: the times in between are beside the events, and the rest is about the next steps.
const sections = stdout.split('\n\n').filter((section, i) => i === 0 || /^\W*(?:\d+m)?Summary/.test(section));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  toSvg(`$ npm run demo\n${sections.join('\n\n')}`, 'The output of npm run demo, shortened'),
);
console.log(`wrote ${file}`);
