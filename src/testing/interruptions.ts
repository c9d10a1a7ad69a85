import { raceAbort } from '../async/index.js';

/** An operation that ended the server on request. */
interface Interruption {
  /** What happened to the server: `killed`, `stopped`, `restarted`, `wiped`. */
  readonly was: string;
  /** Whether the server stays ended until another operation starts it. */
  readonly lasts: boolean;
  /** Whether it explains no failure of an operation that begins from now on. */
  isOver: boolean;
}

/**
 * Runs the operations of a handle. One that fails because another operation ended the server, meanwhile or before it,
 * rejects with an error that names that operation; the failure itself, such as a lost connection, is the cause.
 */
export class Interruptions {
  readonly #subject: string;
  readonly #closed = new AbortController();
  #last: Interruption | undefined;

  /** @param subject The server in the texts: `etcd m0`. */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Aborts when the handle is closed, for the waits of an operation. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** @throws Error after `close()`. */
  throwIfClosed(): void {
    if (this.signal.aborted) throw this.#closedError();
  }

  /** Rejects the operations in progress. */
  close(): void {
    this.#closed.abort();
  }

  /** Runs an operation that leaves the server as it is. */
  run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const past = this.#last?.isOver ? this.#last : undefined;
    return this.#run(operation, work, (last) => last !== past);
  }

  /** Runs an operation that says itself that the server does not run. */
  runUnlessClosed<T>(work: () => Promise<T>): Promise<T> {
    return this.#run('', work, () => false);
  }

  /** Runs an operation that ends the server, and starts it again. */
  async restart(operation: string, was: string, work: () => Promise<void>): Promise<void> {
    const own = this.#begin({ was, lasts: false, isOver: false });
    try {
      await this.#run(operation, work, (last) => last !== own && !last.isOver);
    } finally {
      own.isOver = true;
    }
  }

  /** Runs an operation that ends the server until another operation starts it. */
  async end(operation: string, was: string, work: () => Promise<void>): Promise<void> {
    const own = this.#begin({ was, lasts: true, isOver: false });
    try {
      await this.#run(operation, work, (last) => last !== own && !last.isOver);
    } catch (error) {
      own.isOver = true;
      throw error;
    }
  }

  /** The server is about to start: what ended it before does not explain what happens from now on. */
  starts(): void {
    if (this.#last?.lasts) this.#last.isOver = true;
  }

  #begin(interruption: Interruption): Interruption {
    this.throwIfClosed();
    this.#last = interruption;
    return interruption;
  }

  async #run<T>(
    operation: string,
    work: () => Promise<T>,
    explains: (last: Interruption) => boolean,
  ): Promise<T> {
    this.throwIfClosed();
    try {
      return await raceAbort(work(), this.signal);
    } catch (error) {
      if (this.signal.aborted) throw this.#closedError(error);
      const last = this.#last;
      if (last === undefined || !explains(last)) throw error;
      throw new Error(`${operation}() failed because ${this.#subject} was ${last.was}`, { cause: error });
    }
  }

  #closedError(cause?: unknown): Error {
    const isFailure = cause !== undefined && cause !== this.signal.reason;
    return new Error(`${this.#subject} was closed`, isFailure ? { cause } : undefined);
  }
}
