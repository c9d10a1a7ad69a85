import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const manifest = '@org/etcd-naming/package.json';

/** The version of the package. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)(manifest) as { version: string };
  return version;
}

/** The folder of the package. */
export function packageRoot(): string {
  return dirname(createRequire(import.meta.url).resolve(manifest));
}
