import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Finding, ok, warning } from './finding.js';

/**
 * Checks whether programs in a folder load the copy of grpc-js that this package registers its resolver with. Without
 * any copy there is nothing to check: no program in the folder uses grpc-js.
 */
export function checkGrpcCopies(folder: string): Finding[] {
  const theirs = grpcFolderFor(join(folder, 'any.js'));
  const ours = grpcFolderFor(import.meta.url);
  if (theirs === undefined || ours === undefined) return [];
  if (theirs === ours)
    return [ok('grpc-js', `programs in ${folder} load the copy that has the etcd resolver`)];
  return [
    warning(
      'grpc-js',
      `programs in ${folder} load ${theirs}, but the etcd resolver is registered in ${ours}: their clients fail with 'Failed to parse DNS address'`,
      'install one copy (npm ls @grpc/grpc-js, npm dedupe): docs/troubleshooting.md',
    ),
  ];
}

function grpcFolderFor(importer: string): string | undefined {
  try {
    return dirname(createRequire(importer).resolve('@grpc/grpc-js/package.json'));
  } catch {
    return undefined;
  }
}
