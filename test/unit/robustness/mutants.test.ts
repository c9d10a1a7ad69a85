import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultNames } from '../../robustness/faults.js';
import { patched } from '../../robustness/mutants/broken-copy.js';
import { mutantNames, mutants } from '../../robustness/mutants/catalogue.js';
import { projectHome } from '../../robustness/traffic-process.js';

describe('the broken clients of the robustness campaign', () => {
  for (const name of mutantNames) {
    const { patch, faults } = mutants[name];

    it(`${name} changes one text of the compiled library`, async () => {
      const text = await readFile(join(projectHome, 'build/src', patch.file), 'utf8');
      assert.notEqual(patched(text, patch), text);
    });

    it(`${name} needs only faults that exist`, () => {
      assert.deepEqual(
        faults.filter((fault) => !faultNames.includes(fault)),
        [],
      );
    });
  }

  for (const [what, text] of [
    ['missing', 'let b = 1;'],
    ['there twice', 'let a = 1; let a = 1;'],
  ] as const)
    it(`are refused if the text is ${what}`, () => {
      assert.throws(() => patched(text, { file: 'x.js', from: 'let a', to: 'let c' }), /not once/);
    });
});
