import { Environment, type Placement } from './environment.js';
import type { EventResult, FrontEvent } from './events/event.js';
import { limits } from './events/limits.js';
import { outages } from './events/outages.js';
import { refusals } from './events/refusals.js';
import { haproxy } from './front/haproxy.js';
import { nginx } from './front/nginx.js';
import type { FrontKind, Mode, TlsPlacement } from './front/settings.js';

export interface Cell {
  readonly placement: Placement;
  readonly event: FrontEvent;
}

export interface CellResult extends EventResult {
  readonly cell: Cell;
}

export const kinds: readonly FrontKind[] = [nginx, haproxy];
export const events: readonly FrontEvent[] = [...outages, ...limits, ...refusals];

const placementsOf: Readonly<Record<Mode, readonly TlsPlacement[]>> = {
  tcp: ['none', 'through', 'client', 'etcd', 'both'],
  grpc: ['none', 'client', 'etcd', 'both'],
};

/** All front ends with all events that may happen to them. */
export function allCells(): Cell[] {
  const placements = kinds.flatMap((kind) =>
    (['tcp', 'grpc'] as const).flatMap((mode) =>
      placementsOf[mode].map((tls): Placement => ({ kind, mode, tls })),
    ),
  );
  return placements.flatMap((placement) =>
    events
      .filter((event) => event.excluded?.(placement) === undefined)
      .map((event) => ({ placement, event })),
  );
}

/** `nginx tcp, TLS both: reload`. */
export function cellName({ placement: { kind, mode, tls }, event }: Cell): string {
  return `${kind.name} ${mode}, TLS ${tls}: ${event.name}`;
}

export interface MatrixOptions {
  readonly version: string | undefined;
  readonly etcdctl: string;
  readonly atOnce: number;
  readonly signal: AbortSignal;
  onCell(result: CellResult): void;
}

/** Runs cells, several at a time. After an abort those that run are finished, and no other is started. */
export async function runCells(cells: readonly Cell[], options: MatrixOptions): Promise<CellResult[]> {
  const results: CellResult[] = [];
  const queue = cells.entries();
  const work = async () => {
    for (const [i, cell] of queue) {
      if (options.signal.aborted) return;
      const result = { cell, ...(await runTwice(cell, options)) };
      results[i] = result;
      options.onCell(result);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return results;
}

/** Runs a cell again whose event had no effect, or that failed itself, as on a busy machine. A violation remains. */
async function runTwice(cell: Cell, options: MatrixOptions): Promise<EventResult> {
  const first = await runCell(cell, options);
  const isValid = first.missed === undefined && first.failed === undefined;
  const hasViolations = (first.violations ?? []).length > 0;
  return isValid || hasViolations || options.signal.aborted ? first : runCell(cell, options);
}

async function runCell(
  { placement, event }: Cell,
  { version, etcdctl }: MatrixOptions,
): Promise<EventResult> {
  const { limits: eventLimits = {}, fronts = 1 } = event;
  try {
    await using environment = await Environment.start({ ...placement, limits: eventLimits, fronts, version });
    return await event.run(environment, etcdctl);
  } catch (error) {
    const problems = [`the cell itself failed: ${error instanceof Error ? error.stack : error}`];
    return { problems, missed: undefined, failed: true, errors: [], writes: 0, ambiguous: 0 };
  }
}
