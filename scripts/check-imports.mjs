#!/usr/bin/env node
// Checks every import under src/ against scripts/modules.json, and rejects circular ones.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const { modules } = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'modules.json'), 'utf8'),
);
const moduleNames = Object.keys(modules).sort((a, b) => b.length - a.length);

const files = readdirSync(join(root, 'src'), { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file.replaceAll('\\', '/')}`);

const problems = [];
const graph = new Map();
for (const file of files) {
  const imports = importsOf(file);
  graph.set(
    file,
    imports.filter((i) => i.target).map((i) => i.target),
  );
  for (const found of imports) {
    const reason = forbidden(moduleOf(file), found);
    if (reason) problems.push(`${file}: imports '${found.specifier}': ${reason}`);
  }
}
problems.push(...cycles(graph));

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} forbidden imports`);
process.exitCode = problems.length > 0 ? 1 : 0;

function moduleOf(file) {
  return moduleNames.find((module) => file.startsWith(`${module}/`));
}

/** Static and dynamic imports and re-exports of a file, without comments. */
function importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = [];
  const statement =
    /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;
  for (const [, type, statically, dynamically] of text.matchAll(statement)) {
    const specifier = statically ?? dynamically;
    const target = specifier.startsWith('.')
      ? relative(root, join(root, dirname(file), specifier))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts')
      : undefined;
    found.push({ specifier, target, isType: type !== undefined });
  }
  return found;
}

function forbidden(module, { specifier, target, isType }) {
  const rules = modules[module];
  if (!rules) return 'this file belongs to no module of modules.json';
  if (!target) {
    const listed = [...(rules.packages ?? []), ...(isType ? (rules.typePackages ?? []) : [])];
    const fits = (name) => name === specifier || (name === 'node:*' && specifier.startsWith('node:'));
    return listed.some(fits) ? undefined : `${module} may not use this package`;
  }
  const targetModule = moduleOf(target);
  const listed = [module, ...(rules.allow ?? []), ...(isType ? (rules.types ?? []) : [])];
  if (listed.includes(targetModule) || listed.includes(target)) return undefined;
  const asType = (rules.types ?? []).includes(targetModule) ? " (types only: 'import type')" : '';
  return `${module} may not import ${targetModule ?? target}${asType}`;
}

/** One line per cycle found by depth-first search; type-only edges count too. */
function cycles(edges) {
  const found = [];
  const state = new Map();
  const visit = (file, path) => {
    if (state.get(file) === 'done') return;
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push(`circular import: ${[...path.slice(at), file].join(' -> ')}`);
      return;
    }
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}
