import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { destroyIfSilent } from '../../../async/index.js';
import type { SocketAddress, TcpAddress } from '../../address/index.js';

/** The connect timeout of the socket that grpc-js is creating; undefined for sockets of other code. */
let pendingTimeoutMs: number | undefined;
let isSubscribed = false;

/**
 * Returns the address in a form that limits the time of a connection attempt to it.
 *
 * Workaround (grpc-js 1.14.0 to 1.14.7; https://github.com/grpc/grpc-node/issues/2785): grpc-js has no limit, where
 * gRPC demands one (https://github.com/grpc/grpc/blob/v1.66.0/doc/connection-backoff.md#proposed-backoff-algorithm). When a server accepts the
 * connection and sends no SETTINGS, or a network drops the packets, the subchannel stays CONNECTING for as long as the
 * socket lives, with all channels of the process that share it. No policy can cancel the attempt. The subchannel passes
 * the address object to `net.connect()`, which synchronously reads its `signal` and then publishes the socket, so the
 * getter marks the sockets to limit. If grpc-js stops passing the object, there is no limit and no other effect. Remove
 * when grpc-js limits an attempt.
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
      queueMicrotask(clearPendingTimeout); // other readers of the property create no socket
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
