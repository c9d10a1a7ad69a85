// The mutants that no test noticed, and which of them the lists in `accepted` explain.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const survivedStatuses = new Set(['Survived', 'NoCoverage']);
const killedStatuses = new Set(['Killed']);
const timeoutStatuses = new Set(['Timeout']);

/**
 * What one file's part of the report says: how many mutants, how many killed, and the survivors and the mutants that
 * timed out by position, each with the trimmed line where it starts, its text and the replacement.
 */
export function resultOf(file, { source, mutants }) {
  const having = (statuses) =>
    mutants
      .filter(({ status }) => statuses.has(status))
      .sort((a, b) => a.location.start.line - b.location.start.line)
      .map((mutant) => describe(mutant, source));
  const [killed, timedOut, survivors] = [killedStatuses, timeoutStatuses, survivedStatuses].map(having);
  const detected = killed.length + timedOut.length;
  return { file, killed: detected, total: detected + survivors.length, timedOut, survivors };
}

function describe({ location: { start, end }, replacement, status, coveredBy = [] }, source) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const [line] = lines;
  const text = [...lines];
  text[text.length - 1] = text.at(-1).slice(0, end.column - 1);
  text[0] = text[0].slice(start.column - 1);
  return {
    at: start.line,
    line: line.trim(),
    original: inOneLine(text.join('\n')),
    replacement: inOneLine(replacement),
    tests: status === 'NoCoverage' ? 0 : coveredBy.length,
  };
}

/** A text of any length on one line, the middle of a long one left out. */
function inOneLine(text) {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= 120 ? flat : `${flat.slice(0, 80)} … ${flat.slice(-37)}`;
}

/**
 * The accepted survivors by file. A list is an object of files; each entry names the trimmed source line where the
 * mutant starts, the original text, the replacement, the reason, and how many there are if more than one. Line numbers
 * are left out: they change with every edit above.
 */
export function readAccepted(folder) {
  const lists = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const accepted = new Map();
  for (const name of lists.sort()) {
    const list = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    for (const [file, entries] of Object.entries(list))
      accepted.set(file, [...(accepted.get(file) ?? []), ...entries]);
  }
  return accepted;
}

/**
 * Divides survivors into explained and new ones. `stale`: entries for more mutants than survived. A mutant that timed
 * out may have survived on a less busy machine: its entry is not stale.
 */
export function explain({ survivors, timedOut = [] }, entries = []) {
  const left = new Map();
  for (const entry of entries) left.set(keyOf(entry), (left.get(keyOf(entry)) ?? 0) + (entry.count ?? 1));
  const unexplained = survivors.filter((survivor) => {
    const remaining = left.get(keyOf(survivor)) ?? 0;
    left.set(keyOf(survivor), remaining - 1);
    return remaining <= 0;
  });
  const late = new Set(timedOut.map(keyOf));
  const stale = entries.filter((entry) => left.get(keyOf(entry)) > 0 && !late.has(keyOf(entry)));
  return { unexplained, explained: survivors.length - unexplained.length, stale };
}

const keyOf = ({ line, original, replacement }) => JSON.stringify([line, original, replacement]);

/** Entries for a list of accepted survivors, to which the reasons are to be added. */
export function toEntries(survivors) {
  const entries = new Map();
  for (const survivor of survivors) {
    const { line, original, replacement } = survivor;
    const count = (entries.get(keyOf(survivor))?.count ?? 0) + 1;
    entries.set(keyOf(survivor), { line, original, replacement, count, reason: '' });
  }
  return [...entries.values()].map(({ count, ...entry }) => (count > 1 ? { ...entry, count } : entry));
}
