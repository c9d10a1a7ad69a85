/** Far above the size of any etcd and far below a machine's memory: a small archive may unpack to any size. */
export const maxUnpackedBytes = 1024 * 1024 * 1024;

/** The wanted files of an archive, by name without folders. */
export type Unpacked = ReadonlyMap<string, Buffer>;

/** Collects the wanted files of an archive. Never uses a path of the archive. */
export class WantedFiles {
  readonly files = new Map<string, Buffer>();
  readonly #wanted: readonly string[];

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
  }

  /** Whether an entry is a wanted file. @throws Error for a path outside the archive, or for a second file of the name. */
  wants(path: string): boolean {
    const name = baseName(path);
    if (!this.#wanted.includes(name)) return false;
    if (this.files.has(name)) throw new Error(`the archive has two files named ${name}`);
    return true;
  }

  add(path: string, content: Buffer): void {
    this.files.set(baseName(path), content);
  }
}

/** The last part of an entry's path. @throws Error for a path outside the archive's folder. */
function baseName(path: string): string {
  const parts = path.replace(/\/+$/, '').split('/');
  const isStray = /^\/|\\|^[a-z]:/i.test(path) || parts.includes('..');
  if (isStray) throw new Error(`'${path}' leaves the archive's folder`);
  return parts.at(-1) ?? '';
}
