import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order, Proceed, Report } from './messages.js';

/** A process's connection to the test: orders arrive, reports leave. The process ends with it. */
export class Section {
  readonly #socket: Socket;
  readonly #gates = new Map<number, () => void>();

  constructor(port: number, perform: (order: Order) => Promise<void>) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => process.exit()).on('close', () => process.exit());
    createInterface(this.#socket).on('line', (line) => {
      const message = JSON.parse(line) as Order | Proceed;
      if ('proceed' in message) this.#gates.get(message.id)?.();
      else void this.#perform(message, perform);
    });
  }

  /** The critical section: changes the counter in a way that loses an update if another process does the same. */
  async count({ id, counter, gated, pauseMs }: Order, token: bigint): Promise<void> {
    const at = process.hrtime.bigint();
    const count = Number(readFileSync(counter, 'utf8'));
    const gate = gated ? new Promise<void>((resolve) => this.#gates.set(id, resolve)) : undefined;
    this.#report({ id, event: 'acquired', at: String(at), token: String(token), count });
    await gate;
    await sleep(pauseMs);
    writeFileSync(counter, String(count + 1));
    this.#report({ id, event: 'left', at: String(process.hrtime.bigint()), count: count + 1 });
  }

  async #perform(order: Order, perform: (order: Order) => Promise<void>): Promise<void> {
    try {
      await perform(order);
      this.#report({ id: order.id, event: 'released' });
    } catch (error) {
      this.#report({ id: order.id, event: 'failed', error: String(error) });
    }
  }

  #report(report: Report): void {
    this.#socket.write(`${JSON.stringify(report)}\n`);
  }
}
