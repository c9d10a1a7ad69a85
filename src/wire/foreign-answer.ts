import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { detectNotEtcd, type EtcdError, isGrpcContentType } from '../errors/index.js';
import { AuthService, KVService, LeaseService, WatchService } from '../gen/etcd/rpc.js';

/**
 * Methods that every etcd has, and every server that stands in for one: UNIMPLEMENTED shows that whoever answered so is
 * neither. Other methods came with a release.
 */
const universalMethods: ReadonlySet<string> = new Set(
  [
    KVService.range,
    KVService.put,
    KVService.deleteRange,
    KVService.txn,
    LeaseService.leaseGrant,
    LeaseService.leaseKeepAlive,
    WatchService.watch,
    AuthService.authenticate,
  ].map(({ path }) => path),
);

/** Whether the headers announce something else than gRPC. */
export function isForeignContentType(headers: Metadata | undefined): boolean {
  const type = contentTypeOf(headers);
  return type !== undefined && !isGrpcContentType(type);
}

function contentTypeOf(headers: Metadata | undefined): string | undefined {
  return headers?.get('content-type')[0]?.toString();
}

/**
 * The error for an answer that no etcd gives; undefined for any other.
 * @param headers What came before the answer's messages, if anything did.
 */
export function foreignAnswerError(
  { code, details }: Pick<StatusObject, 'code' | 'details'>,
  method: { readonly path: string },
  headers: Metadata | undefined,
): EtcdError | undefined {
  return detectNotEtcd({
    code,
    details,
    contentType: contentTypeOf(headers),
    isUniversalMethod: universalMethods.has(method.path),
  });
}
