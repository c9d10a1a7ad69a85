import { EndpointManager, type EtcdClient, ServiceDirectory } from '#src/index.js';
import { nowMs } from './clock.js';
import type { Command, ProcessConfig, Report } from './messages.js';

/** Follows the services and reports each view, until command to unsubscribe. */
export function runViewer(
  client: EtcdClient,
  config: ProcessConfig,
  report: (message: Report) => void,
): void {
  const directory = new ServiceDirectory(client, { lossProtection: { protectionMs: config.protectionMs } });
  const leaves = config.services.map((service) => directory.follow(service, subscriber(service, report)));
  for (const service of config.services) void reportRelists(client, service, report);
  process.on('message', (command: Command) => {
    if (command === 'leave') for (const leave of leaves) leave();
    else void client.close();
    report({ type: 'unsubscribed', at: nowMs() });
  });
}

function subscriber(
  service: string,
  report: (message: Report) => void,
): Parameters<ServiceDirectory['follow']>[1] {
  return {
    onView: ({ endpoints, unconfirmed, invalid, revision }) => {
      report({
        type: 'view',
        service,
        at: nowMs(),
        revision: String(revision),
        records: endpoints.map(({ key, modRevision }) => [key, String(modRevision)]),
        unconfirmed: [...unconfirmed],
        invalid: [...invalid],
      });
    },
    onFailure: () => {},
  };
}

/** A directory's view does not say why it was read again; an endpoint manager's events do. */
async function reportRelists(
  client: EtcdClient,
  service: string,
  report: (message: Report) => void,
): Promise<void> {
  try {
    for await (const event of new EndpointManager(client, service).watch()) {
      if (event.type === 'snapshot') report({ type: 'relisted', reason: event.reason, at: nowMs() });
    }
  } catch {
    // the client was closed
  }
}
