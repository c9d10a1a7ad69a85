import type { Socket } from 'node:net';
import { reset } from './reset.js';

/** `up`: from the client to the server. `down`: from the server to the client. */
export type Direction = 'up' | 'down';

/** The treatment of bytes: `pass` forwards them, `buffer` delays them without a limit, `drop` discards them. */
export type Flow = 'pass' | 'buffer' | 'drop';

/** The rules of a pipe. They are read for each chunk, so that a change applies immediately. */
export interface PipeRules {
  flow(): Flow;
  /** The delay between the arrival of a byte and its forwarding, in milliseconds. */
  delayMs(): number;
  /** Counts bytes that are about to pass. A returned number is the limit after which the connection is cut. */
  take(bytes: number): number | undefined;
  /** Bytes were dropped, so later bytes make no sense to the receiver. */
  lost(): void;
  /** An end or a reset was dropped. */
  lostEnd(): void;
  cut(): void;
}

interface Piece {
  readonly what: Buffer | 'end' | 'reset';
  readonly dueAt: number;
}

/** Above this number of buffered or delayed bytes the pipe stops reading, like a full TCP window. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;

/** One direction of a connection: a queue that keeps the order of the bytes and the end, whatever the delay. */
export class FaultPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #rules: PipeRules;
  readonly #queue: Piece[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isCut = false;

  constructor(from: Socket, to: Socket, rules: PipeRules) {
    this.#from = from;
    this.#to = to;
    this.#rules = rules;
    from.on('data', (bytes: Buffer) => this.#arrive(bytes));
    from.on('end', () => this.#arrive('end'));
    from.on('close', (hadError) => hadError && this.#arrive('reset'));
    to.on('drain', () => this.drain());
    to.on('close', () => clearTimeout(this.#timer));
  }

  /** Forwards what is due. Called after each change of the rules. */
  drain(): void {
    if (this.#rules.flow() === 'drop') this.#dropAll();
    for (;;) {
      const [next] = this.#queue;
      if (!next || this.#isBlocked() || !this.#isDue(next)) break;
      this.#queue.shift();
      this.#send(next.what);
    }
    if (this.#queuedBytes < HIGH_WATER_BYTES) this.#from.resume();
    else this.#from.pause();
  }

  #arrive(what: Piece['what']): void {
    this.#queue.push({ what, dueAt: performance.now() + this.#rules.delayMs() });
    if (typeof what !== 'string') this.#queuedBytes += what.length;
    this.drain();
  }

  #isBlocked(): boolean {
    return this.#isCut || this.#rules.flow() !== 'pass' || this.#to.writableNeedDrain;
  }

  #isDue({ dueAt }: Piece): boolean {
    clearTimeout(this.#timer);
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.drain(), Math.ceil(waitMs));
    return waitMs <= 0;
  }

  #send(what: Piece['what']): void {
    if (what === 'end') this.#to.end();
    else if (what === 'reset') reset(this.#to);
    else this.#sendBytes(what);
  }

  #sendBytes(bytes: Buffer): void {
    this.#queuedBytes -= bytes.length;
    const allowed = this.#rules.take(bytes.length);
    if (allowed === undefined) {
      this.#to.write(bytes);
      return;
    }
    this.#isCut = true;
    // Only after the kernel has the bytes: a reset drops what is still queued in this process.
    this.#to.write(bytes.subarray(0, allowed), () => this.#rules.cut());
  }

  #dropAll(): void {
    const dropped = this.#queue.splice(0);
    this.#queuedBytes = 0;
    if (dropped.some(({ what }) => typeof what !== 'string')) this.#rules.lost();
    if (dropped.some(({ what }) => typeof what === 'string')) this.#rules.lostEnd();
  }
}
