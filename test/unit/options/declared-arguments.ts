import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Declarations, type Entry, entries } from '../../support/declarations/declared-functions.js';
import { type DeclaredInput, inputsOf } from '../../support/declarations/declared-inputs.js';
import { isExempt, withBehaviour } from './exceptions.js';
import { type Recipe, recipes } from './how-to-call.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Every object argument of a public function. */
export const inputs = await declaredInputs();
/** Those whose names and values the package checks. */
export const checked = inputs.filter((input) => !isExempt(input) && !withBehaviour.includes(input.type));

async function declaredInputs(): Promise<DeclaredInput[]> {
  const declarations = new Declarations(root);
  try {
    const found: DeclaredInput[] = [];
    for (const [entry, file] of Object.entries(entries)) {
      const values = Object.keys(await import(join(root, 'build/src', `${file}.js`)));
      for (const one of declarations.functionsOf(entry as Entry, values))
        found.push(...inputsOf(declarations, one));
    }
    return found;
  } finally {
    declarations.close();
  }
}

export function recipeOf(input: DeclaredInput): Recipe {
  const recipe = recipes[input.function];
  assert.ok(recipe, `how-to-call.ts lacks ${input.function}`);
  return recipe;
}

/** The arguments with the value as the input, and with the members that the types around it require. */
export function withValue(
  { args }: Recipe,
  { parameter, path, discriminants }: DeclaredInput,
  value: unknown,
): unknown[] {
  const changed = [...args];
  while (changed.length <= parameter) changed.push(undefined);
  changed[parameter] = placed(changed[parameter], [], path, discriminants, value);
  return changed;
}

function placed(
  base: unknown,
  at: readonly string[],
  path: readonly string[],
  beside: DeclaredInput['discriminants'],
  value: unknown,
): unknown {
  const [next, ...rest] = path;
  const isPlain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (next === undefined) return isPlain ? { ...plainOf(base), ...literalsAt(beside, at), ...value } : value;
  const here = [...at, next];
  const inner = placed((base as Record<string, unknown> | undefined)?.[next], here, rest, beside, value);
  if (next === '0') return [inner];
  return { ...plainOf(base), ...literalsAt(beside, at), [next]: inner };
}

function plainOf(base: unknown): object {
  return typeof base === 'object' && base !== null && !Array.isArray(base) ? base : {};
}

function literalsAt(beside: DeclaredInput['discriminants'], at: readonly string[]): object {
  const prefix = at.map((part) => `${part}.`).join('');
  return Object.fromEntries(
    Object.entries(beside)
      .filter(([place]) => place.startsWith(prefix) && !place.slice(prefix.length).includes('.'))
      .map(([place, value]) => [place.slice(prefix.length), value]),
  );
}
