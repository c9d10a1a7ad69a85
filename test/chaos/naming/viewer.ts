import { EndpointManager, type EtcdClient, ServiceDirectory } from '#src/index.js';
import { nowMs } from './clock.js';
import type { Command, ProcessConfig, Report } from './messages.js';

/** Follows the services and tells each view, until asked to leave. */
export function runViewer(client: EtcdClient, part: ProcessConfig, tell: (told: Report) => void): void {
  const directory = new ServiceDirectory(client, { lossProtection: { protectionMs: part.protectionMs } });
  const leaves = part.services.map((service) => directory.follow(service, subscriber(service, tell)));
  for (const service of part.services) void reportRelists(client, service, tell);
  process.on('message', (asked: Command) => {
    if (asked === 'leave') for (const leave of leaves) leave();
    else void client.close();
    tell({ type: 'unsubscribed', at: nowMs() });
  });
}

function subscriber(
  service: string,
  tell: (told: Report) => void,
): Parameters<ServiceDirectory['follow']>[1] {
  return {
    view: ({ endpoints, held, invalid, revision }) => {
      tell({
        type: 'view',
        service,
        at: nowMs(),
        revision: String(revision),
        records: endpoints.map(({ key, modRevision }) => [key, String(modRevision)]),
        held: [...held],
        invalid: [...invalid],
      });
    },
    trouble: () => {},
  };
}

/** A directory's view does not say why it was read anew; the events of an endpoint manager do. */
async function reportRelists(
  client: EtcdClient,
  service: string,
  tell: (told: Report) => void,
): Promise<void> {
  try {
    for await (const event of new EndpointManager(client, service).watch()) {
      if (event.type === 'snapshot') tell({ type: 'relisted', reason: event.reason, at: nowMs() });
    }
  } catch {
    // the client was closed
  }
}
