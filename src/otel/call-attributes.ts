import type { Attributes } from '@opentelemetry/api';
import type { CallTrace } from '../index.js';
import { serverAttributes } from './server-address.js';

/** The attributes that a call has from its beginning. */
export function methodAttributes({ client, service, method }: CallTrace): Attributes {
  return {
    'rpc.system.name': 'grpc',
    'rpc.method': `${service}/${method}`,
    'etcd_naming.client': client,
  };
}

/** The member of the last attempt. */
export function serverOf({ attempts }: CallTrace): Attributes {
  const last = attempts.at(-1);
  return last ? serverAttributes(last.endpoint) : {};
}

/** What is known of the answer. */
export function resultAttributes({ requestBytes, responseBytes, revision }: CallTrace): Attributes {
  return {
    ...(requestBytes > 0 ? { 'rpc.request.size': requestBytes } : {}),
    ...(responseBytes > 0 ? { 'rpc.response.size': responseBytes } : {}),
    ...(revision === undefined ? {} : { 'etcd_naming.revision': String(revision) }),
  };
}
