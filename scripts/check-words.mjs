#!/usr/bin/env node
// Checks every tracked text for words and names that the project has better ones for; see words.json.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = process.argv[2] ?? join(here, '..');
const { words, names } = JSON.parse(readFileSync(join(here, 'words.json'), 'utf8'));

/** Generated, downloaded or a list of the words themselves. */
const exempt = /^(src\/gen|proto)\/|(^|\/)package-lock\.json$|^scripts\/words\.json$|^LICENSE$/;
const texts = /\.(ts|mjs|cjs|js|json|md|go|sh|yml|yaml)$|^\.ci\/run$/;

const rules = [
  ...words.map(({ pattern, instead }) => ({ pattern: new RegExp(pattern, 'gi'), instead })),
  {
    pattern: new RegExp(`\\b(?:${names.join('|')})\\b`, 'g'),
    instead: 'see the terms in docs/architecture.md',
  },
];

let found = 0;
for (const file of trackedTexts()) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) report(file, index + 1, line);
}
console.log(`${found} words to replace`);
process.exitCode = found > 0 ? 1 : 0;

function trackedTexts() {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  return files.filter((file) => texts.test(file) && !exempt.test(file));
}

function report(file, number, line) {
  for (const { pattern, instead } of rules) {
    for (const [word] of line.matchAll(pattern)) {
      found++;
      console.error(`${file}:${number}: '${word}'; better: ${instead}`);
    }
  }
}
