import type { Socket } from 'node:net';

/** Writes to a socket, at times one byte per turn of the event loop. */
export class PacedWriter {
  readonly #socket: Socket;
  #queue: Buffer[] = [];
  #slowBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The next bytes are written one at a time; 0 ends that, also for bytes that wait. */
  trickle(bytes: number): void {
    this.#slowBytes = bytes;
  }

  write(bytes: Buffer): void {
    if (this.#queue.length > 0) this.#queue.push(bytes);
    else if (this.#slowBytes > 0) {
      this.#queue.push(bytes);
      this.#writeSlowly();
    } else this.#put(bytes);
  }

  #writeSlowly(): void {
    const bytes = Buffer.concat(this.#queue);
    this.#queue = [];
    if (this.#slowBytes <= 0) {
      this.#put(bytes);
      return;
    }
    this.#slowBytes--;
    this.#put(bytes.subarray(0, 1));
    if (bytes.length === 1) return;
    this.#queue.push(bytes.subarray(1));
    setImmediate(() => this.#writeSlowly());
  }

  #put(bytes: Buffer): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes);
  }
}
