import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdError } from '#src/index.js';
import { nowMs } from '../naming/clock.js';
import type { Program } from './locker.js';

/** Follows the leaders of an election, and begins again after an error. */
export async function runObserver({ client, control }: Program, name: string): Promise<void> {
  for (;;) {
    try {
      control.report({ type: 'observing', name, at: nowMs() });
      for await (const leader of client.election.observe(name)) {
        const at = nowMs();
        if (!leader) control.report({ type: 'observed', name, at });
        else {
          const { key, value, createRevision, modRevision } = leader;
          const seen = { createRevision: String(createRevision), modRevision: String(modRevision) };
          const text = { key: key.toString(), value: value.toString() };
          control.report({ type: 'observed', name, at, leader: { ...text, ...seen } });
        }
      }
      control.report({ type: 'blind', name, at: nowMs(), error: 'it ended' });
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      control.report({ type: 'blind', name, at: nowMs(), error: `${error.name}: ${error.message}` });
    }
    await sleep(200);
  }
}
