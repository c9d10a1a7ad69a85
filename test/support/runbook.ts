import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputPattern, PageProgram } from './page-program.js';
import { compileSnippets, programFile, type Snippet, snippetsOf } from './snippets.js';

/** Texts of the page, and what is in their place in a test: addresses, folders. */
export type Replacements = ReadonlyMap<string, string>;

export interface StepOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** In addition to those of the runbook, and before them. */
  readonly replacements?: Replacements;
}

const shownLines = 6;
const shownCharacters = 160;

/** The programs of a page, compiled once. */
export class CompiledPage {
  readonly folder: string;
  readonly #snippets: readonly Snippet[];
  /** The names of the programs that were started. */
  readonly started = new Set<string>();

  constructor(page: string) {
    this.#snippets = snippetsOf(page);
    this.folder = compileSnippets(this.#snippets);
  }

  get names(): readonly string[] {
    return this.#snippets.map(({ name }) => name);
  }

  snippet(name: string): Snippet {
    const found = this.#snippets.find((snippet) => snippet.name === name);
    assert.ok(found, `the page has no program '${name}'`);
    return found;
  }
}

/** The steps of a runbook, which run as on the page, with the addresses and folders of a test. */
export class Runbook implements AsyncDisposable {
  readonly #page: CompiledPage;
  readonly #replacements: Replacements;
  readonly #env: NodeJS.ProcessEnv;
  readonly #programs: { readonly command: string; readonly program: PageProgram }[] = [];

  constructor(page: CompiledPage, replacements: Replacements, env: NodeJS.ProcessEnv) {
    this.#page = page;
    this.#replacements = replacements;
    this.#env = env;
  }

  /** Runs a program to its end, and checks its output against the page's. Returns the output. */
  async run(name: string, options: StepOptions = {}): Promise<string> {
    const program = this.start(name, options);
    await program.ended();
    const { output } = this.#page.snippet(name);
    if (output !== undefined)
      assert.match(program.text.trim(), new RegExp(`${outputPattern(this.#adapt(output)).source}$`));
    return program.text;
  }

  start(name: string, { args = [], env = {}, replacements = new Map() }: StepOptions = {}): PageProgram {
    this.#page.started.add(name);
    const snippet = this.#page.snippet(name);
    const command =
      snippet.language === 'sh'
        ? ['bash', '-ec', this.#adapt(snippet.code, replacements)]
        : [process.execPath, this.#adaptedFile(snippet), ...args];
    const program = new PageProgram(command, this.#page.folder, { ...process.env, ...this.#env, ...env });
    const shown =
      snippet.language === 'sh' ? command.at(-1)!.trimEnd() : ['node', `${name}.js`, ...args].join(' ');
    this.#programs.push({ command: shown, program });
    return program;
  }

  /** The text of a program, with the addresses of the test. */
  codeOf(name: string): string {
    return this.#adapt(this.#page.snippet(name).code);
  }

  /** The commands with what they have printed, in their order. Of etcd's log, the beginning. */
  transcript(): string {
    const steps = this.#programs.map(({ command, program }) => {
      const lines = program.text.trimEnd().split('\n');
      const shown = lines.slice(0, shownLines).map((line) => line.slice(0, shownCharacters));
      if (lines.length > shownLines) shown.push(`… ${lines.length - shownLines} more lines`);
      return [`$ ${command}`, ...shown].join('\n');
    });
    return `${steps.join('\n\n')}\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map(({ program }) => program.stop()));
  }

  #adapt(text: string, first: Replacements = new Map()): string {
    let adapted = text;
    for (const [from, to] of [...first, ...this.#replacements]) adapted = adapted.replaceAll(from, to);
    return adapted;
  }

  #adaptedFile(snippet: Snippet): string {
    const compiled = programFile(this.#page.folder, snippet);
    const file = join(compiled, `../${snippet.name}-${this.#programs.length}.js`);
    writeFileSync(file, this.#adapt(readFileSync(compiled, 'utf8')));
    return file;
  }
}
