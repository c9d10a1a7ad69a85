// The output of several Mocha processes, for people: that of one file after that of another.

/** A long run must not look hung. */
const PROGRESS_MS = 30_000;

/**
 * Writes the output of a file when the file has ended, after a line with its counts. When nothing has been written for
 * some time, writes which files run. When this process ends first, writes what the files that still run have written.
 */
export class SuiteOutput {
  #count;
  #write;
  #ended = 0;
  #running = new Map();
  #writtenAt = Date.now();
  #timer;
  #interrupt = () => this.#writeInterrupted();

  constructor(count, write, progressMs = PROGRESS_MS) {
    this.#count = count;
    this.#write = write;
    this.#timer = setInterval(() => this.#writeProgress(progressMs), progressMs / 10);
    // Before the handlers that remove what the output is written to.
    process.prependOnceListener('exit', this.#interrupt);
  }

  /** `write` takes output of the file, and `end` its counts. */
  start(name) {
    const file = { startedAt: Date.now(), chunks: [] };
    this.#running.set(name, file);
    return {
      write: (bytes) => void file.chunks.push(bytes),
      end: (result) => {
        this.#running.delete(name);
        this.#ended++;
        this.#writeBlock(`${result.failed > 0 ? 'FAILED: ' : ''}${name}: ${countsOf(result)}`, file);
      },
    };
  }

  close() {
    clearInterval(this.#timer);
    process.off('exit', this.#interrupt);
  }

  #writeBlock(title, { startedAt, chunks }) {
    this.#writtenAt = Date.now();
    this.#write(`\n[${this.#ended}/${this.#count}] ${title} (${secondsSince(startedAt)})\n`);
    for (const bytes of chunks) this.#write(bytes);
  }

  #writeProgress(progressMs) {
    if (Date.now() - this.#writtenAt < progressMs) return;
    this.#writtenAt = Date.now();
    const files = [...this.#running].map(([name, { startedAt }]) => `${name} (${secondsSince(startedAt)})`);
    this.#write(`\n[${this.#ended}/${this.#count}] running: ${files.join(', ')}\n`);
  }

  #writeInterrupted() {
    for (const [name, file] of this.#running) this.#writeBlock(`INTERRUPTED: ${name}`, file);
  }
}

/** `1 failed, 33 passed`; the other order is that of the line with the totals, which CI reads. */
function countsOf({ passed, failed, skipped }) {
  const counts = { failed, passed, skipped };
  return Object.entries(counts)
    .filter(([name, count]) => count > 0 || name === 'passed')
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

function secondsSince(time) {
  return `${Math.round((Date.now() - time) / 1000)} s`;
}
