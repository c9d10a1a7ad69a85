#!/usr/bin/env node
// npm run diagrams: draws the state diagrams of docs/architecture.md from the tables in the code. --check compares only.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phases, transitions, triggers } from '../build/src/watch/core/watcher/transitions.js';

const page = join(fileURLToPath(import.meta.url), '../../docs/architecture.md');
const source = readFileSync(page, 'utf8');
const drawn = replaceBetween(source, 'watcher-states', watcherStates());
if (process.argv.includes('--check')) {
  if (drawn !== source) {
    console.error('docs/architecture.md differs from the table of transitions: run `npm run diagrams`');
    process.exit(1);
  }
} else if (drawn !== source) {
  writeFileSync(page, drawn);
  console.log('docs/architecture.md: diagrams updated');
}

function replaceBetween(text, name, content) {
  const begin = `<!-- ${name}: npm run diagrams -->\n`;
  const end = `<!-- /${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`docs/architecture.md has no section ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

/** The diagram, and what its names mean. */
function watcherStates() {
  return [
    '```mermaid',
    ...diagram(),
    '```',
    '',
    endsEverywhere(),
    '',
    '| State | Meaning | Ignored there |',
    '|---|---|---|',
    ...Object.entries(phases).map(([phase, meaning]) => `| ${phase} | ${meaning} | ${ignoredIn(phase)} |`),
    '',
    '| What happens to a watcher | Meaning | Effects, in order |',
    '|---|---|---|',
    ...Object.entries(triggers).map(([name, meaning]) => `| ${name} | ${meaning} | ${effectsOf(name)} |`),
    '',
  ].join('\n');
}

function diagram() {
  const lines = ['stateDiagram-v2'];
  for (const phase of Object.keys(phases)) {
    if (phase !== 'new' && phase !== 'ended') lines.push(`  state "${phase}" as ${id(phase)}`);
  }
  for (const [from, row] of Object.entries(transitions)) {
    for (const [to, names] of edges(row)) lines.push(`  ${id(from)} --> ${id(to)}: ${names.join(', ')}`);
  }
  return lines;
}

/** What leads to each state, without what ends a watcher in any state. */
function edges(row) {
  const byTarget = new Map();
  for (const [name, next] of Object.entries(row)) {
    if (next === 'ignored' || next.to === 'ended') continue;
    byTarget.set(next.to, [...(byTarget.get(next.to) ?? []), name]);
  }
  return byTarget;
}

function endsEverywhere() {
  const enders = Object.keys(triggers).filter((name) =>
    Object.values(transitions).some((row) => row[name]?.to === 'ended'),
  );
  const sentences = enders.map((name) => {
    const others = Object.keys(phases).filter((phase) => transitions[phase][name]?.to !== 'ended');
    return `\`${name}\` ends a watcher in every state but ${list(others)}.`;
  });
  return sentences.join(' ');
}

function ignoredIn(phase) {
  return Object.entries(transitions[phase])
    .flatMap(([name, next]) => (next === 'ignored' ? [name] : []))
    .join(', ');
}

function effectsOf(name) {
  const all = Object.values(transitions).flatMap((row) =>
    row[name]?.effects ? [row[name].effects.join(', ')] : [],
  );
  return [...new Set(all)].join('; or ');
}

function list(names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A name without hyphens, which Mermaid would read as part of an arrow. */
function id(phase) {
  return phase === 'new' || phase === 'ended' ? '[*]' : phase.replaceAll('-', '_');
}
