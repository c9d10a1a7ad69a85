import type { Attributes } from '@opentelemetry/api';
import { parseEndpoints } from '../wire/member/endpoints.js';

/** More than a cluster has members in the life of a process. */
const maxCached = 1_000;
const cache = new Map<string, Attributes>();

/** The attributes `server.address` and `server.port` of an endpoint. A unix socket has its path, and no port. */
export function serverAttributes(endpoint: string): Attributes {
  let attributes = cache.get(endpoint);
  if (!attributes) {
    if (cache.size >= maxCached) cache.clear();
    attributes = parse(endpoint);
    cache.set(endpoint, attributes);
  }
  return attributes;
}

function parse(endpoint: string): Attributes {
  try {
    const socket = parseEndpoints([endpoint]).members[0]?.socket;
    if (!socket) return {};
    return 'path' in socket
      ? { 'server.address': socket.path }
      : { 'server.address': socket.host, 'server.port': socket.port };
  } catch {
    return {};
  }
}
