import type { QueuedRead } from '#src/kv/batch/core/queued-read.js';

/** A read that a test plans. Its deadline is 10 s, on a clock that begins at zero. */
export class PlannedRead implements QueuedRead {
  readonly key: Buffer;
  readonly name: string;
  readonly deadline: number;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  operation = -1;
  isSettled = false;

  constructor(name: string, deadline = 10_000, serializable = false, keysOnly = false) {
    this.key = Buffer.from(name, 'latin1');
    this.name = name;
    this.deadline = deadline;
    this.serializable = serializable;
    this.keysOnly = keysOnly;
  }
}
