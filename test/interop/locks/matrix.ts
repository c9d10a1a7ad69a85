import type { EtcdClient } from '#src/client/index.js';
import { type CellPlan, type CellResult, runCell } from './cell.js';
import type { Programs } from './contender.js';
import type { Side } from './messages.js';

export interface MatrixPlan {
  readonly sides: readonly Side[];
  readonly rounds: number;
  readonly holderKills: number;
  readonly waiterKills: number;
  /** How many cells run at the same time. */
  readonly atOnce: number;
}

/** The cells of a matrix, in the order of holders, then waiters. */
export async function runMatrix(
  plan: MatrixPlan,
  setup: { readonly client: EtcdClient; readonly prefix: string; readonly programs: Programs },
  onCell: (result: CellResult) => void = () => {},
): Promise<CellResult[]> {
  const plans = plan.sides.flatMap((holder) =>
    plan.sides.map((waiter): CellPlan => ({ ...plan, holder, waiter })),
  );
  const results: CellResult[] = [];
  const queue = plans.entries();
  const run = async () => {
    for (const [i, cell] of queue) {
      const result = await runCell(cell, setup);
      results[i] = result;
      onCell(result);
    }
  };
  await Promise.all(Array.from({ length: plan.atOnce }, run));
  return results;
}
