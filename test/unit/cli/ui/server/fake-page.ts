import { Writable } from 'node:stream';
import type { EndpointRow, Queue, StreamMessage } from '#src/cli/ui/protocol/index.js';
import { digestOf } from './fake-catalog.js';

/** What a browser does with its event stream. It survives connections. */
export class FakePage {
  readonly rows = new Map<string, EndpointRow>();
  readonly queues = new Map<string, Queue>();
  readonly entries = new Map<number, unknown>();
  readonly received: StreamMessage[] = [];
  readonly contradictions: string[] = [];
  lastEventId: string | undefined;
  snapshots = 0;
  #isShowing = false;
  #coming: { rows: Map<string, EndpointRow>; queues: Map<string, Queue> } | undefined;

  get digest(): string {
    return digestOf(this.rows, this.queues);
  }

  receive(frame: string): void {
    const id = /^id: (.*)$/m.exec(frame)?.[1];
    const message = JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? '') as StreamMessage;
    this.received.push(message);
    this.#apply(message);
    if (id !== undefined) this.lastEventId = id;
  }

  /** A part of a snapshot is useless without the rest. */
  disconnected(): void {
    this.#coming = undefined;
  }

  #apply(message: StreamMessage): void {
    switch (message.type) {
      case 'begin':
        this.#coming = { rows: new Map(), queues: new Map() };
        return;
      case 'rows':
        for (const row of message.rows) this.#coming?.rows.set(row.key, row);
        for (const queue of message.queues) this.#coming?.queues.set(queue.name, queue);
        return;
      case 'end':
        this.#show();
        return;
      case 'delta':
        if (this.#coming) this.contradictions.push('a delta within a snapshot');
        for (const key of message.removed) this.rows.delete(key);
        for (const row of message.puts) this.rows.set(row.key, row);
        for (const name of message.removedQueues) this.queues.delete(name);
        for (const queue of message.queues) this.queues.set(queue.name, queue);
        for (const entry of message.entries) this.entries.set(entry.n, entry);
        return;
      case 'status':
        if (this.#isShowing && message.error !== this.digest)
          this.contradictions.push(`shows ${this.digest} when ${message.error} is confirmed`);
    }
  }

  #show(): void {
    this.snapshots++;
    this.#isShowing = true;
    this.rows.clear();
    this.queues.clear();
    for (const [key, row] of this.#coming?.rows ?? []) this.rows.set(key, row);
    for (const [name, queue] of this.#coming?.queues ?? []) this.queues.set(name, queue);
    this.#coming = undefined;
  }
}

/** One connection of a page, which reads only while it is not paused. */
export class FakeConnection extends Writable {
  readonly #page: FakePage;
  #isPaused = false;
  #continue: (() => void) | undefined;

  constructor(page: FakePage, highWaterMark = 1) {
    super({ highWaterMark });
    this.#page = page;
    this.once('close', () => page.disconnected());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const next = this.#continue;
    this.#continue = undefined;
    next?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const deliver = () => {
      if (!this.destroyed) this.#page.receive(chunk.toString());
      done();
    };
    if (this.#isPaused) this.#continue = deliver;
    else deliver();
  }
}
