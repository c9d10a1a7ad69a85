import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { destroyIfSilent } from '../../async/index.js';
import type { SocketAddress, TcpAddress } from '../address/index.js';

/** How long the socket that is being made just now may be silent; undefined for sockets of others. */
let pendingTimeoutMs: number | undefined;
let isSubscribed = false;

/**
 * The address, in a form that bounds the time which a connection to it may take. grpc-js ≤ 1.14.7 has no bound
 * (grpc-node#2785): a server that accepts the connection and sends no SETTINGS, or a network that swallows the attempt,
 * would keep the subchannel CONNECTING for as long as the socket lives, and all channels of the process that share it.
 * No policy can cancel the attempt. But the subchannel gives the address itself to `net.connect()`, which reads its
 * `signal` and then publishes the socket, all in one go: so the getter marks the sockets that are ours. When grpc-js no
 * longer passes the address on, nothing is bounded, and nothing else changes; remove this when it bounds an attempt.
 */
export function withConnectTimeout<T extends TcpAddress | SocketAddress>(
  address: T,
  connectTimeoutMs: number,
): T {
  if (!isSubscribed) subscribe('net.client.socket', watchSocket);
  isSubscribed = true;
  return {
    ...address,
    get signal() {
      pendingTimeoutMs = connectTimeoutMs;
      queueMicrotask(clearPendingTimeout); // whoever else reads or copies the address makes no socket
      return undefined;
    },
  };
}

function watchSocket(message: unknown): void {
  if (pendingTimeoutMs === undefined) return;
  const { socket } = message as { readonly socket: Socket };
  destroyIfSilent(socket, pendingTimeoutMs, 'no byte came from the server for');
  clearPendingTimeout();
}

function clearPendingTimeout(): void {
  pendingTimeoutMs = undefined;
}
