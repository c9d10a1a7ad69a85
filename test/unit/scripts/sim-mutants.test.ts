import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { protoFolder } from '#src/raw/index.js';

interface Mutant {
  readonly name: string;
  readonly patches: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

interface Mutants {
  readonly cores: Readonly<Record<string, { readonly folder: string; readonly mutants: readonly Mutant[] }>>;
  patchedFiles(mutant: Pick<Mutant, 'patches'>, read: (file: string) => string): Map<string, string>;
}

const project = join(protoFolder(), '..');
const scripts = join(project, 'scripts');

/** Throws for code that cannot be loaded, such as an undeclared private name. */
function parse(module: string): void {
  new Script(module.replace(/^import .*$/gm, '').replace(/^export (?=class|function|const|async)/gm, ''));
}

describe('the mutants of the cores', () => {
  let cores: Mutants['cores'];
  let patchedFiles: Mutants['patchedFiles'];

  before(async () => {
    ({ cores, patchedFiles } = (await import(pathToFileURL(join(scripts, 'sim-cores.mjs')).href)) as Mutants);
  });

  function applied(mutant: Pick<Mutant, 'patches'>, folder: string): Map<string, string> {
    const files = patchedFiles(mutant, (file) => readFileSync(join(project, folder, file), 'utf8'));
    for (const source of files.values()) parse(source);
    return files;
  }

  it('include those of every mutant file', () => {
    const files = readdirSync(scripts).flatMap((file) => /^sim-mutants-(\w+)\.mjs$/.exec(file)?.[1] ?? []);
    assert.deepEqual(Object.keys(cores).sort(), files.sort());
  });

  it('each apply to the current core, and can be loaded', () => {
    const failed = Object.entries(cores).flatMap(([core, { folder, mutants }]) => {
      assert.ok(mutants.length > 20, `${mutants.length} of ${core}`);
      return mutants.flatMap((mutant) => {
        try {
          assert.notEqual(applied(mutant, folder).size, 0);
          return [];
        } catch (error) {
          return [`${core}: ${mutant.name}: ${String(error)}`];
        }
      });
    });
    assert.deepEqual(failed, []);
  });

  it('are rejected when their text is missing, occurs twice, or makes code that cannot be loaded', () => {
    const { folder } = cores['watch']!;
    const patch = (from: string, to: string) => ({ patches: [{ file: 'cursor.js', from, to }] });
    assert.throws(() => applied(patch('no such text', ''), folder), /occurs 0 times/);
    assert.throws(() => applied(patch('return', ''), folder), /occurs \d+ times/);
    assert.throws(() => applied(patch('export function', 'export function 5'), folder), /occurs|SyntaxError/);
    assert.throws(() => parse('export class A { f() { this.#gone(); } }'), SyntaxError);
  });
});
