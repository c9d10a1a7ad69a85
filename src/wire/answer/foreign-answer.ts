import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { detectNotEtcd, type EtcdError, isGrpcContentType } from '../../errors/index.js';
import { paths } from '../paths.js';

/**
 * Methods that every release of etcd and every compatible server implements. UNIMPLEMENTED for one of them shows that
 * another kind of server answers. Methods that are not listed may be missing in older releases of etcd.
 */
const universalMethods: ReadonlySet<string> = new Set([
  paths.range,
  paths.put,
  paths.deleteRange,
  paths.txn,
  paths.leaseGrant,
  paths.leaseKeepAlive,
  paths.watch,
  paths.authenticate,
]);

/** Whether the headers are not those of a gRPC answer: they announce another content type, or none. */
export function isForeignContentType(headers: Metadata | undefined): boolean {
  const type = contentTypeOf(headers);
  return type !== undefined && !isGrpcContentType(type);
}

function contentTypeOf(headers: Metadata | undefined): string | undefined {
  return headers && (headers.get('content-type')[0]?.toString() ?? '');
}

/**
 * Returns an error for an answer that etcd never gives, undefined for any other answer.
 * @param headers The answer's initial metadata, if it has any.
 * @param httpStatus Of the answer, if it is known.
 */
export function foreignAnswerError(
  { code, details }: Pick<StatusObject, 'code' | 'details'>,
  method: { readonly path: string; readonly requestStream?: boolean },
  headers: Metadata | undefined,
  httpStatus: number | undefined,
): EtcdError | undefined {
  return detectNotEtcd({
    code,
    details,
    contentType: contentTypeOf(headers),
    httpStatus: isForeignContentType(headers) ? httpStatus : undefined,
    isUniversalMethod: universalMethods.has(method.path),
    isRequestStream: method.requestStream === true,
  });
}
