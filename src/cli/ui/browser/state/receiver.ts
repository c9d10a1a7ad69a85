import type {
  BeginMessage,
  DeltaMessage,
  Queue,
  RowsMessage,
  Settings,
  StatusMessage,
  StreamMessage,
  TimelineEntry,
} from '../../protocol/index.js';
import type { RecordStore } from './record-store.js';
import { RecordTable } from './record-table.js';

export interface ReceiverPorts {
  onStatus(status: StatusMessage): void;
  /** A snapshot begins: what is shown is not current until `onSnapshot`. */
  onBegin(): void;
  onSnapshot(settings: Settings): void;
  onDelta(): void;
  onQueues(queues: ReadonlyMap<string, Queue>): void;
  onEntries(entries: readonly TimelineEntry[]): void;
}

/** Applies the messages of the stream. A snapshot is staged, and replaces what is shown at its end. */
export class Receiver {
  readonly #store: RecordStore;
  readonly #ports: ReceiverPorts;
  #staged: { readonly settings: Settings; readonly table: RecordTable } | undefined;
  #queues: ReadonlyMap<string, Queue> = new Map();

  constructor(store: RecordStore, ports: ReceiverPorts) {
    this.#store = store;
    this.#ports = ports;
  }

  receive(message: StreamMessage): void {
    switch (message.type) {
      case 'begin':
        this.#begin(message);
        break;
      case 'rows':
        this.#stage(message);
        break;
      case 'end':
        this.#end();
        break;
      case 'delta':
        this.#apply(message);
        break;
      case 'status':
        this.#ports.onStatus(message);
        break;
    }
  }

  /** Drops a snapshot that is not complete: its stream was lost. */
  reset(): void {
    this.#staged = undefined;
  }

  #begin(message: BeginMessage): void {
    this.#staged = { settings: message.settings, table: new RecordTable() };
    this.#ports.onBegin();
  }

  #stage({ rows, queues }: RowsMessage): void {
    for (const row of rows) this.#staged?.table.put(row);
    for (const queue of queues) this.#staged?.table.queues.set(queue.name, queue);
  }

  #end(): void {
    if (!this.#staged) return;
    const { settings, table } = this.#staged;
    this.#staged = undefined;
    this.#store.replace(table);
    this.#setQueues(table.queues);
    this.#ports.onSnapshot(settings);
  }

  #apply(delta: DeltaMessage): void {
    this.#store.apply(delta);
    if (delta.queues.length > 0 || delta.removedQueues.length > 0) this.#applyQueues(delta);
    if (delta.entries.length > 0) this.#ports.onEntries(delta.entries);
    this.#ports.onDelta();
  }

  #applyQueues(delta: DeltaMessage): void {
    const queues = new Map(this.#queues);
    for (const queue of delta.queues) queues.set(queue.name, queue);
    for (const name of delta.removedQueues) queues.delete(name);
    this.#setQueues(queues);
  }

  #setQueues(queues: ReadonlyMap<string, Queue>): void {
    this.#queues = queues;
    this.#ports.onQueues(queues);
  }
}
