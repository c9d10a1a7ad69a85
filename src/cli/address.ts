import { connect } from 'node:net';
import { isOwnHost, parseAddress, parseSocketPath } from '../index.js';

/** Whether an address says its port, or is a socket's and needs none; gRPC takes 443 where it does not. */
export function namesPort(addr: string): boolean {
  if (parseSocketPath(addr) !== undefined) return true;
  return /^(https?:\/\/)?(\[[^\]]*\]|[^:[\]]+):\d+\/?$/.test(addr);
}

/** Whether a stored address means each caller's own host, so that it leads nowhere from anywhere else. */
export function leadsToCaller(addr: string): boolean {
  return isOwnHost(parseAddress(addr)?.host ?? '');
}

/**
 * Whether a connection is accepted there: undefined if so, else why not. Nothing is sent over it.
 * @param signal ends the attempt, which has then failed.
 */
export function dialTrouble(
  addr: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const path = parseSocketPath(addr);
  const where = path === undefined ? parseAddress(addr) : { path };
  if (!where) return Promise.resolve('it is no address');
  return new Promise((resolve) => {
    const socket = connect(where);
    const done = (trouble?: string) => {
      // Not by connect's own option: it leaves a listener on the signal for each attempt.
      signal?.removeEventListener('abort', aborted);
      socket.destroy();
      resolve(trouble);
    };
    const aborted = () => done('given up');
    signal?.addEventListener('abort', aborted);
    socket.setTimeout(timeoutMs, () => done(`no answer within ${timeoutMs} ms`));
    socket.once('connect', () => done());
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}
