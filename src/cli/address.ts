import { connect } from 'node:net';
import { isOwnHost, parseAddress } from '../internal.js';

/** Whether a stored address means each caller's own host, so that it leads nowhere from anywhere else. */
export function leadsToCaller(addr: string): boolean {
  const parsed = parseAddress(addr);
  return 'tcp' in parsed && isOwnHost(parsed.tcp.host);
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
  const parsed = parseAddress(addr);
  if ('problem' in parsed) return Promise.resolve(parsed.problem);
  const where = 'socket' in parsed ? parsed.socket : parsed.tcp;
  return new Promise((resolve) => {
    const socket = connect(where);
    const done = (failure?: string) => {
      // Not by connect's own option: it leaves a listener on the signal for each attempt.
      signal?.removeEventListener('abort', aborted);
      socket.destroy();
      resolve(failure);
    };
    const aborted = () => done('given up');
    signal?.addEventListener('abort', aborted);
    socket.setTimeout(timeoutMs, () => done(`no answer within ${timeoutMs} ms`));
    socket.once('connect', () => done());
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}
