import { connect } from 'node:net';
import { isOwnHost, parseAddress } from '../../internal.js';

/** Whether an address is loopback or a wildcard: each caller that dials it reaches its own host. */
export function isCallersOwnHost(addr: string): boolean {
  const parsed = parseAddress(addr);
  return 'tcp' in parsed && isOwnHost(parsed.tcp.host);
}

/**
 * Connects to an address and disconnects without sending anything.
 * @param signal ends the attempt, which then counts as failed.
 * @returns undefined if the connection was accepted, else the reason why not.
 */
export function tryConnect(
  addr: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const parsed = parseAddress(addr);
  if ('problem' in parsed) return Promise.resolve(parsed.problem);
  const options = 'socket' in parsed ? parsed.socket : parsed.tcp;
  return new Promise((resolve) => {
    const socket = connect(options);
    const settle = (failure?: string) => {
      // The `signal` option of connect() is not used: it leaves a listener on the signal for each attempt.
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(failure);
    };
    const onAbort = () => settle('aborted');
    signal?.addEventListener('abort', onAbort);
    socket.setTimeout(timeoutMs, () => settle(`no answer within ${timeoutMs} ms`));
    socket.once('connect', () => settle());
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
