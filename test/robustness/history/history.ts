import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClientHistory } from './client-history.js';
import { toGoJson } from './json.js';
import type { ModelClient } from './model.js';

/**
 * What all clients of a run did and received. The validators require that the store is empty at the start, and that the
 * history shows it: a read that is answered at revision 1, before the first write. Values of puts must be unique, and
 * no lease may expire, because an expiry is not an operation of a client.
 */
export class History {
  readonly clients: ClientHistory[] = [];
  readonly #start = process.hrtime.bigint();
  #clientIds = 0;

  client(): ClientHistory {
    const client = new ClientHistory({ now: this.now, nextClientId: () => ++this.#clientIds });
    this.clients.push(client);
    return client;
  }

  /** Nanoseconds since the start of the run. */
  readonly now = (): bigint => process.hrtime.bigint() - this.#start;

  toModel(): ModelClient[] {
    return this.clients.map(({ operations, watches }) => ({
      operations,
      watches: watches.map((watch) => watch.toModel()),
    }));
  }

  save(folder: string): Promise<void> {
    return saveModel(folder, this.toModel());
  }
}

/** Writes `client-N/operations.json` and `client-N/watch.json`, which etcd's `robustness/report` loads. */
export async function saveModel(folder: string, clients: readonly ModelClient[]): Promise<void> {
  for (const [index, { operations, watches }] of clients.entries()) {
    const own = join(folder, `client-${index + 1}`);
    await mkdir(own, { recursive: true });
    await writeLines(join(own, 'operations.json'), operations);
    await writeLines(join(own, 'watch.json'), watches);
  }
}

async function writeLines(path: string, values: readonly unknown[]): Promise<void> {
  await writeFile(path, values.map((value) => `${toGoJson(value)}\n`).join(''));
}
