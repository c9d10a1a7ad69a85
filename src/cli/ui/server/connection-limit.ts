import type { Socket } from 'node:net';

/** What identifies a connection. A TLS socket has the addresses of the one below it, which the server accepted. */
export type ConnectionAddresses = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

/**
 * Bounds the number of open connections. Any process that reaches the port can open some, and needs no session for that. So
 * when there are too many, the oldest one that has had no request with a session is closed, whatever its state.
 */
export class ConnectionLimit {
  readonly #max: number;
  /** Connections without a request of a session, the oldest first. */
  readonly #unproven = new Map<string, Socket>();
  /** Connections with one. */
  readonly #proven = new Map<string, Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts a connection that was accepted until it closes. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    this.#unproven.set(key, socket);
    socket.once('close', () => {
      // The port of the other end may be in use again.
      for (const sockets of [this.#unproven, this.#proven])
        if (sockets.get(key) === socket) sockets.delete(key);
    });
    if (this.#unproven.size + this.#proven.size > this.#max) this.#closeOldest();
  }

  /** The connection had a request with a session: it is not closed in favour of others. */
  prove(connection: ConnectionAddresses): void {
    const key = keyOf(connection);
    const socket = this.#unproven.get(key);
    if (!socket) return;
    this.#unproven.delete(key);
    this.#proven.set(key, socket);
  }

  #closeOldest(): void {
    for (const [key, socket] of this.#unproven) {
      this.#unproven.delete(key);
      socket.destroy();
      return;
    }
  }
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: ConnectionAddresses): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
