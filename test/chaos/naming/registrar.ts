import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, type Registration, register } from '#src/index.js';
import { nowMs } from './clock.js';
import type { ProcessConfig, Report } from './messages.js';

/** A rival may have to wait for the whole run. */
const timeoutMs = 3_600_000;
const changeEveryMs = 1_500;

/** Keeps a record registered that names its writer, and updates it regularly, until a command to close. */
export async function runRegistrar(
  client: EtcdClient,
  config: ProcessConfig,
  report: (message: Report) => void,
): Promise<void> {
  const { id, incarnation, addr, ttlSeconds } = config;
  const [target = ''] = config.services;
  const closing = new AbortController();
  const endpoint = (turn: number) => ({ addr, metadata: { incarnation, turn } });
  const options = { target, id, ...endpoint(0), ttlSeconds, timeoutMs, signal: closing.signal };
  let from = 0;
  process.once('message', () => {
    from = nowMs();
    closing.abort();
  });
  const registration = await register(client, options).catch((error) => {
    if (!closing.signal.aborted) throw error;
    return undefined;
  });
  if (registration) {
    void reportEvents(registration, report);
    await changeUntil(closing.signal, (turn) => registration.update(endpoint(turn)), report);
    await registration.close();
  }
  report({ type: 'closed', from, to: nowMs() });
}

async function reportEvents(registration: Registration, report: (message: Report) => void): Promise<void> {
  let { lease = 0n } = registration;
  const registered = (revision: bigint) =>
    report({ type: 'registered', lease: String(lease), revision: String(revision), at: nowMs() });
  if (registration.revision !== undefined) registered(registration.revision);
  for await (const event of registration.events()) {
    if (event.type === 'registered') {
      lease = event.lease;
      registered(event.revision);
    } else if (event.type === 'lost') {
      report({ type: 'lost', lease: String(lease), at: nowMs() });
    }
  }
}

async function changeUntil(
  signal: AbortSignal,
  change: (turn: number) => Promise<void>,
  report: (message: Report) => void,
): Promise<void> {
  for (let turn = 1; !signal.aborted; turn++) {
    await sleep(changeEveryMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const changed = change(turn).then(
      () => report({ type: 'changed', turn }),
      () => {}, // the registration was closed meanwhile
    );
    await Promise.race([
      changed,
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
    ]);
  }
}
