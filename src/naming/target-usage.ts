import {
  type ClientDiagnostics,
  diagnosticsOf,
  type MetricsSource,
  type MutableMetrics,
} from '../diagnostics/index.js';
import { PickCounts } from './pick-counts.js';
import type { NamingClient } from './ports.js';

/** How the channels and pickers of a process use one service, for the metrics of its client. */
export class TargetUsage {
  readonly target: string;
  readonly picks = new PickCounts();
  /** The channels that resolve it now. */
  channels = 0;
  /** The pickers that are open. */
  pickers = 0;
  /** The lists and failures that were given to grpc-js. */
  updates = 0;

  constructor(target: string) {
    this.target = target;
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

  get(target: string): TargetUsage {
    const known = this.#usages.get(target);
    if (known) return known;
    this.#forgetUnused();
    const usage = new TargetUsage(target);
    this.#usages.set(target, usage);
    return usage;
  }

  addTo({ resolvers }: MutableMetrics): void {
    for (const { target, channels, updates, picks } of this.#usages.values())
      resolvers.push({ target, channels, updates, picks: picks.snapshot() });
  }

  #forgetUnused(): void {
    if (this.#usages.size < maxUnused) return;
    for (const { target, isUsed } of this.#usages.values()) {
      if (isUsed) continue;
      this.#usages.delete(target);
      return;
    }
  }
}

const byClient = new WeakMap<ClientDiagnostics, UsedTargets>();

/** The usage of a service; the same object for all channels and pickers on the client. */
export function usageOf(client: NamingClient, target: string): TargetUsage {
  const diagnostics = diagnosticsOf(client);
  let targets = byClient.get(diagnostics);
  if (!targets) {
    targets = new UsedTargets();
    diagnostics.addSource(targets);
    byClient.set(diagnostics, targets);
  }
  return targets.get(target);
}
