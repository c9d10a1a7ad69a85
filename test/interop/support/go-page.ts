import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type GoRow, goProgramOf } from '../../migration/go/program.js';
import { buildGo } from './go-build.js';

/** What a row's Go code needs. */
export interface GoScene {
  readonly endpoint: string;
  readonly leaseId: bigint;
  readonly revision: bigint;
  readonly password: string;
}

/** The Go programs of a page, in one executable. */
export class GoPage {
  readonly #program: string;
  readonly #rows: readonly GoRow[];

  private constructor(program: string, rows: readonly GoRow[]) {
    this.#program = program;
    this.#rows = rows;
  }

  /** @throws {GoMissingError} without a Go toolchain or without the modules; the compiler's error for wrong code. */
  static async build(example: string, rows: readonly GoRow[]): Promise<GoPage> {
    const folder = mkdtempSync(join(tmpdir(), 'etcd-naming-go-'));
    const modules = join(import.meta.dirname, '../../../../test/interop/go-naming');
    try {
      for (const file of ['go.mod', 'go.sum']) cpSync(join(modules, file), join(folder, file));
      writeFileSync(join(folder, 'main.go'), goProgramOf(example, rows));
      return new GoPage(await buildGo('go-page', folder), rows);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Runs the first example of the page. Resolves with its output. */
  async example(endpoint: string): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, [endpoint], { timeout: 20_000 });
    return stdout;
  }

  /** Runs a row. Resolves with its value as JSON; rejects with its error. */
  async run(row: number, { endpoint, leaseId, revision, password }: GoScene): Promise<unknown> {
    const code = this.#rows[row]?.code ?? '';
    const names = ['session', 'mutex', 'election'].filter((name) => new RegExp(`\\b${name}\\b`).test(code));
    const args = [endpoint, String(row), String(leaseId), String(revision), password, names.join()];
    const { stdout } = await promisify(execFile)(this.#program, args, { timeout: 20_000 });
    const { result, error } = JSON.parse(stdout) as { result?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }
}
