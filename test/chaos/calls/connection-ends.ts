import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { nowMs } from '../naming/clock.js';

/** When this process observed the ends of its connections, by the peer's `host:port`. */
export class ConnectionEnds {
  readonly #ends = new Map<string, number[]>();

  /** Tracks every socket that is opened from now on. */
  constructor() {
    subscribe('net.client.socket', (message) => {
      const { socket } = message as { readonly socket: Socket };
      socket.once('connect', () => this.#follow(socket, `${socket.remoteAddress}:${socket.remotePort}`));
    });
  }

  since(peer: string, at: number): number[] {
    return (this.#ends.get(peer) ?? []).filter((end) => end >= at);
  }

  #follow(socket: Socket, peer: string): void {
    let seen = false;
    const end = () => {
      if (seen) return;
      seen = true;
      const ends = this.#ends.get(peer) ?? [];
      this.#ends.set(peer, [...ends.slice(-99), nowMs()]);
    };
    for (const event of ['end', 'error', 'close']) socket.once(event, end);
  }
}
