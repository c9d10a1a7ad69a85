import {
  type ClientDiagnostics,
  diagnosticsOf,
  type MetricsSource,
  type MutableMetrics,
} from '../diagnostics/index.js';
import { type ServiceDirectory, shownBy } from './directory/directory.js';
import { PickCounts } from './pick-counts.js';
import type { ServiceIdentity } from './shown-service.js';

/** How the channels and pickers of a process use one service, for the metrics of its client. */
export class TargetUsage {
  readonly identity: ServiceIdentity;
  readonly picks = new PickCounts();
  /** The channels that resolve it now. */
  channels = 0;
  /** The pickers that are open. */
  pickers = 0;
  /** The lists and failures that were given to grpc-js. */
  updates = 0;

  constructor(identity: ServiceIdentity) {
    this.identity = identity;
  }

  get isUsed(): boolean {
    return this.channels + this.pickers > 0;
  }
}

/** More services than this are forgotten when nothing uses them, the oldest first. */
const maxUnused = 100;

/** The services of one client. */
class UsedTargets implements MetricsSource {
  readonly #usages = new Map<string, TargetUsage>();

  get(identity: ServiceIdentity): TargetUsage {
    const key = keyOf(identity);
    const known = this.#usages.get(key);
    if (known) return known;
    this.#forgetUnused();
    const usage = new TargetUsage(identity);
    this.#usages.set(key, usage);
    return usage;
  }

  addTo({ resolvers }: MutableMetrics): void {
    for (const { identity, channels, updates, picks } of this.#usages.values())
      resolvers.push({ ...identity, channels, updates, picks: picks.snapshot() });
  }

  #forgetUnused(): void {
    if (this.#usages.size < maxUnused) return;
    for (const [key, { isUsed }] of this.#usages) {
      if (isUsed) continue;
      this.#usages.delete(key);
      return;
    }
  }
}

function keyOf({ target, codec }: ServiceIdentity): string {
  return JSON.stringify([target, codec]);
}

const byClient = new WeakMap<ClientDiagnostics, UsedTargets>();

/** The usage of a service; the same object for all channels and pickers on the client with the same codecs. */
export function usageOf(directory: ServiceDirectory, service: string): TargetUsage {
  const diagnostics = diagnosticsOf(directory.client);
  let targets = byClient.get(diagnostics);
  if (!targets) {
    targets = new UsedTargets();
    diagnostics.addSource(targets);
    byClient.set(diagnostics, targets);
  }
  return targets.get(shownBy(directory, service).identity);
}
