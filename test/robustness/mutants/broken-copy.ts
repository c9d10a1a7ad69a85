import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patch } from './catalogue.js';

/** What the process of the traffic loads. */
const copiedParts = ['src', 'test/robustness', 'test/chaos', 'test/sim', 'test/support'];

/** A copy of the compiled project, in which one text of the library is replaced. Disposing it deletes it. */
export class BrokenCopy implements AsyncDisposable {
  readonly home: string;

  private constructor(home: string) {
    this.home = home;
  }

  static async make(projectHome: string, patch: Patch): Promise<BrokenCopy> {
    const copy = new BrokenCopy(await mkdtemp(join(tmpdir(), 'etcd-naming-broken-')));
    try {
      await copy.#fill(projectHome, patch);
      return copy;
    } catch (error) {
      await copy[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #fill(projectHome: string, { file, from, to }: Patch): Promise<void> {
    await cp(join(projectHome, 'package.json'), join(this.home, 'package.json'));
    await symlink(join(projectHome, 'node_modules'), join(this.home, 'node_modules'));
    for (const part of copiedParts)
      await cp(join(projectHome, 'build', part), join(this.home, 'build', part), { recursive: true });
    const path = join(this.home, 'build/src', file);
    await writeFile(path, patched(await readFile(path, 'utf8'), { file, from, to }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

/** @throws {Error} unless the text is there exactly once: a mutant that changes nothing would prove nothing. */
export function patched(text: string, { file, from, to }: Patch): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} contains '${from}' ${parts.length - 1} times, not once`);
  return parts.join(to);
}
