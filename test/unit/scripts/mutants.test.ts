import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';

interface Survivor {
  readonly line: string;
  readonly original: string;
  readonly replacement: string;
}

interface Entry extends Survivor {
  readonly count?: number;
  readonly reason: string;
}

interface Result {
  readonly survivors: readonly Survivor[];
  readonly timedOut?: readonly Survivor[];
}

interface Tool {
  sourcesOf(paths: readonly string[], root: string): { readonly file: string; readonly pattern: string }[];
  testsOf(files: readonly string[], suite: string, root: string): string[];
  resultOf(file: string, part: object): Result;
  readAccepted(folder: string): Map<string, readonly Entry[]>;
  explain(result: Result, entries?: readonly Survivor[]): { unexplained: Survivor[]; stale: Survivor[] };
}

const project = join(protoFolder(), '..');
const folder = join(project, 'tools/mutants');

describe('npm run mutants', () => {
  let tool: Tool;

  before(async () => {
    const load = (file: string) => import(pathToFileURL(join(folder, file)).href);
    tool = { ...(await load('targets.mjs')), ...(await load('survivors.mjs')) } as Tool;
  });

  function run(...args: string[]) {
    return spawnSync(process.execPath, [join(folder, 'main.mjs'), ...args], { encoding: 'utf8' });
  }

  for (const path of ['src/none', 'test/unit', 'src/gen', 'src/tsconfig.json', '../src'])
    it(`names ${path} when there is no source`, () => {
      const { status, stderr } = run(path);
      assert.equal(status, 2);
      assert.ok(stderr.startsWith(`${path}: no source there`), stderr);
    });

  it('takes a folder, a file, and lines of a file', () => {
    const patterns = (path: string) => tool.sourcesOf([path], project).map(({ pattern }) => pattern);
    assert.ok(patterns('src/async').includes('src/async/time/backoff.ts'));
    assert.deepEqual(patterns('src/async/time/backoff.ts'), ['src/async/time/backoff.ts']);
    assert.deepEqual(patterns('src/async/time/backoff.ts:3-9'), ['src/async/time/backoff.ts:3-9']);
  });

  it("runs the tests of the source's folder, or of the nearest one above, without simulations", () => {
    const tests = (file: string) => tool.testsOf([file], 'unit', project);
    assert.ok(
      tests('src/naming/balance/none.ts').every((test) => test.startsWith('test/unit/naming/balance/')),
    );
    const ofModule = tests('src/lease/core/none/none.ts');
    assert.ok(ofModule.includes('test/unit/lease/keep-alive-core.test.ts'));
    assert.ok(!ofModule.some((test) => test.endsWith('sim.test.ts')));
  });

  describe('an accepted survivor', () => {
    const mutant = { line: 'if (a > b) {', original: 'a > b', replacement: 'true' };

    it('is recognized wherever its line has moved to', () => {
      const at = (line: number) => ({
        source: `${'\n'.repeat(line - 1)}  if (a > b) {\n  }`,
        mutants: [
          {
            status: 'Survived',
            replacement: 'true',
            location: { start: { line, column: 7 }, end: { line, column: 12 } },
          },
        ],
      });
      for (const line of [1, 7]) {
        const result = tool.resultOf('src/a.ts', at(line));
        assert.deepEqual(tool.explain(result, [mutant]), { unexplained: [], explained: 1, stale: [] });
      }
    });

    it('explains no second one', () => {
      const { unexplained } = tool.explain({ survivors: [mutant, mutant] }, [mutant]);
      assert.deepEqual(unexplained, [mutant]);
    });

    it('is reported when it was killed, and not when it timed out', () => {
      assert.deepEqual(tool.explain({ survivors: [] }, [mutant]).stale, [mutant]);
      assert.deepEqual(tool.explain({ survivors: [], timedOut: [mutant] }, [mutant]).stale, []);
    });
  });

  it('has a reason for each accepted survivor, whose line is in its source', () => {
    for (const [file, entries] of tool.readAccepted(join(folder, 'accepted'))) {
      assert.ok(existsSync(join(project, file)), file);
      const lines = readFileSync(join(project, file), 'utf8').split('\n');
      const trimmed = new Set(lines.map((line) => line.trim()));
      for (const { line, original, reason } of entries) {
        assert.ok(trimmed.has(line), `${file} has no line '${line}'`);
        assert.ok(reason.length > 10, `${file}: a reason for '${original}'`);
      }
    }
  });
});
