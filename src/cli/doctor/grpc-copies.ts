import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Finding, ok, warning } from './finding.js';

/**
 * Whether the programs of a folder would load the copy of grpc-js that this package registers its resolver in. A folder
 * without one has no program that dials.
 */
export function checkGrpcCopies(folder: string): Finding[] {
  const theirs = grpcFrom(join(folder, 'any.js'));
  const ours = grpcFrom(import.meta.url);
  if (theirs === undefined || ours === undefined) return [];
  if (theirs === ours)
    return [ok('grpc-js', `programs in ${folder} load the copy that resolves etcd's targets`)];
  return [
    warning(
      'grpc-js',
      `programs in ${folder} load ${theirs}, and etcd's targets are resolved in ${ours}: their clients fail with 'Failed to parse DNS address'`,
      'have one copy installed (npm ls @grpc/grpc-js, npm dedupe): docs/troubleshooting.md',
    ),
  ];
}

function grpcFrom(file: string): string | undefined {
  try {
    return dirname(createRequire(file).resolve('@grpc/grpc-js/package.json'));
  } catch {
    return undefined;
  }
}
