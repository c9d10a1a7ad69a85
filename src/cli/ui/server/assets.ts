import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CliError } from '../../errors.js';

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

/** The files of the page, by their path in URLs. */
export type Assets = ReadonlyMap<string, Asset>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * Reads the files of the page into memory. No path of a request ever reaches the file system.
 * @throws {CliError} if they are missing.
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const names = await readdir(folder).catch(() => []);
  const assets = new Map<string, Asset>();
  for (const name of names) {
    const type = types[extname(name)];
    if (type !== undefined)
      assets.set(name === 'index.html' ? '/' : `/${name}`, {
        type,
        body: await readFile(join(folder, name)),
      });
  }
  if (!assets.has('/') || !assets.has('/app.js') || !assets.has('/app.css'))
    throw new CliError('the files of the page are missing from the package: install it again');
  return assets;
}
