import type { LoggedRequest } from '../front/log.js';
import type { Mode } from '../front/settings.js';

/** Requests that are on their way when a connection receives GOAWAY. */
const slack = 2;

/** Why it is not shown that connections ended after `limit` requests; undefined if it is. */
export function missedRequestLimit(requests: readonly LoggedRequest[], limit: number): string | undefined {
  const connections = new Set(requests.map(({ connection }) => connection)).size;
  const isReached = requests.length > 2 * limit && connections * limit * slack >= requests.length;
  return isReached ? undefined : `${requests.length} requests came on ${connections} connections`;
}

/**
 * Why it is not shown that one answer had `bytes`; undefined if it is. A TCP proxy counts all bytes of a connection: there
 * a watch must have delivered as many again.
 */
export function missedLargeAnswer(
  requests: readonly LoggedRequest[],
  bytes: number,
  mode: Mode,
): string | undefined {
  const sent =
    mode === 'tcp'
      ? requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0) - bytes
      : Math.max(0, ...requests.filter(isRange).map(({ bytesSent }) => bytesSent));
  return sent >= bytes ? undefined : `the largest answer had ${Math.max(0, sent)} bytes`;
}

/** HAProxy logs the whole URI of a request by HTTP/2. */
function isRange({ path }: LoggedRequest): boolean {
  return path.endsWith('/etcdserverpb.KV/Range');
}
