/** How much a watcher buffers; see WatchOptions. */
export interface WatcherLimits {
  readonly maxBufferedEvents: number;
  readonly maxBufferedBytes: number;
}

/** How much a watcher has buffered. Above a limit the watcher pauses, until half of each limit is free again. */
export class BufferUsage {
  readonly #limits: WatcherLimits;
  #events = 0;
  #bytes = 0;
  #isPaused = false;

  constructor(limits: WatcherLimits) {
    this.#limits = limits;
  }

  get events(): number {
    return this.#events;
  }

  /** The size of the keys and values of the events. */
  get bytes(): number {
    return this.#bytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Records that a batch was buffered. Returns whether the watcher must pause now. */
  add(events: number, bytes: number): boolean {
    this.#events += events;
    this.#bytes += bytes;
    const { maxBufferedEvents, maxBufferedBytes } = this.#limits;
    const isFull = this.#events > maxBufferedEvents || this.#bytes > maxBufferedBytes;
    if (this.#isPaused || !isFull) return false;
    this.#isPaused = true;
    return true;
  }

  /** Records that a batch was read. Returns whether the watcher may continue now. */
  remove(events: number, bytes: number): boolean {
    this.#events -= events;
    this.#bytes -= bytes;
    const { maxBufferedEvents, maxBufferedBytes } = this.#limits;
    const isDrained = this.#events <= maxBufferedEvents / 2 && this.#bytes <= maxBufferedBytes / 2;
    if (!this.#isPaused || !isDrained) return false;
    this.#isPaused = false;
    return true;
  }
}
