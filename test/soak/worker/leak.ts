import type { EtcdClient } from '#src/index.js';
import { eventPrefix } from '../messages.js';
import type { LeakKind } from '../settings.js';
import { type LoadContext, repeat } from './load.js';

/** Reachable for as long as the process lives. */
const retained: unknown[] = [];

/** A planted leak: proves that the run finds one. */
export async function leak(context: LoadContext, kind: LeakKind): Promise<void> {
  await repeat(context, [1_000, 1_000], async () => retainOnce(context.client, kind));
}

function retainOnce(client: EtcdClient, kind: LeakKind): void {
  switch (kind) {
    case 'memory':
      retained.push(Array.from({ length: 640 }, (_, i) => i / 3)); // 640 doubles of 8 bytes
      return;
    case 'watchers':
      client.watch({ prefix: eventPrefix });
      return;
  }
}
