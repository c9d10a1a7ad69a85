import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';
import { pageText } from '../../support/pages.js';

const root = join(protoFolder(), '..');
const page = pageText('docs/bundlers-and-test-runners.md');

interface Project {
  /** The package whose version counts, if it has another name than the folder. */
  readonly tool?: string;
  readonly manager?: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const projects = new Map(
  readdirSync(join(root, 'test/pack'))
    .filter((name) => existsSync(join(root, 'test/pack', name, 'package.json')))
    .map((name) => [name, JSON.parse(textOf(`test/pack/${name}/package.json`)) as Project] as const),
);

/** The text of a file of the repository. */
function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Without comments, which only a page needs. */
function code(text: string): string {
  return text.replace(/ *\/\/ .*$/gm, '').trim();
}

/** The code in the cells of the table of bundlers, `| esbuild | … | … |`: what is in the parentheses is optional. */
function cellsOf(bundler: string): readonly string[] {
  const row = (page.match(new RegExp(`^\\| ${bundler} \\| (.*) \\|$`, 'm'))?.[1] ?? '').replace(
    / \(.*?\)/g,
    '',
  );
  return [...row.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

describe('docs/bundlers-and-test-runners.md', () => {
  const blocks = [...page.matchAll(/^```\w+ (test\/pack\/\S+)\n(.*?)^```$/gms)];

  for (const [, path = '', text = ''] of blocks) {
    it(`shows ${path} as it is tested`, () => {
      assert.equal(code(text), code(textOf(path)));
    });
  }

  it('shows the configuration of each project that has one', () => {
    const configs = [...projects.keys()].flatMap((project) =>
      readdirSync(join(root, 'test/pack', project))
        .filter((file) => /^(?:babel|jest|rollup|vitest)\.config|workspace\.yaml$/.test(file))
        .map((file) => `test/pack/${project}/${file}`),
    );
    assert.deepEqual(blocks.map(([, path]) => path).sort(), configs.sort());
  });

  it('names the version of each tool that is tested', () => {
    for (const [name, { tool = name, manager, dependencies }] of projects) {
      const version = manager?.split('@').at(-1) ?? dependencies[tool];
      assert.ok(tool === 'node' || page.includes(`${version}`), `${name} ${version}`);
    }
  });

  for (const bundler of ['esbuild', 'rolldown', 'rollup']) {
    it(`shows the flags of ${bundler} as they are tested`, () => {
      const { scripts } = projects.get(bundler)!;
      const [outside = '', all = ''] = cellsOf(bundler);
      for (const check of ['test:esm', 'test:cjs'])
        for (const flag of outside.split(/ (?=--)/)) assert.ok(scripts[check]?.includes(flag), flag);
      assert.ok(bundler === 'rollup' || scripts['test:cjs-all']?.includes(all), all);
    });
  }

  it('names the flag of esbuild for programs with a top-level await as it is tested', () => {
    const [, flag = 'none'] = page.match(/^\| esbuild \| .*\(top-level `await`: also `([^`]+)`\)/m) ?? [];
    const { scripts } = projects.get('esbuild')!;
    assert.ok(scripts['test:esm']?.includes(` ${flag} `), flag);
  });

  it('shows the packages of Jest with Babel as they are tested', () => {
    const [, named = ''] = page.match(/^npm install --save-dev (jest .*)$/m) ?? [];
    const { dependencies } = projects.get('jest')!;
    const tools = Object.keys(dependencies).filter((name) => /^(?:jest|@babel)/.test(name));
    assert.deepEqual(named.split(' ').sort(), tools.sort());
  });

  it('shows the settings of webpack as they are tested', () => {
    const config = textOf('test/pack/webpack/webpack.config.mjs');
    assert.ok(config.includes("target: 'node20'") && config.includes("externalsType: 'module'"));
    assert.ok(config.includes("const external = ['@grpc/grpc-js', '@grpc/proto-loader'];"));
    assert.deepEqual(cellsOf('webpack'), [
      "target: 'node20'",
      "externals: ['@grpc/grpc-js', '@grpc/proto-loader']",
      "externalsType: 'module'",
      "'commonjs'",
      "target: 'node20'",
    ]);
  });

  it("shows esbuild's banner as it is tested", () => {
    const [banner = ''] = page.match(/^--banner.*$/m) ?? [];
    assert.ok(projects.get('esbuild')!.scripts['test:esm-all']?.includes(banner));
    assert.notEqual(banner, '');
  });

  it('shows the command of Jest with ES modules as it is tested', () => {
    assert.ok(page.includes(`\n${projects.get('jest-esm')!.scripts['test']}\n`));
  });
});
