import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from './matrix.js';

/** The cells that have ended, in the folder of the output, so that a long run can be continued. */
export class SavedCells {
  readonly #path: string;
  #cells: readonly Cell[];

  /** @param keep Whether the cells of an earlier run in this folder count. */
  constructor(folder: string, keep: boolean) {
    this.#path = join(folder, 'cells.json');
    this.#cells =
      keep && existsSync(this.#path) ? (JSON.parse(readFileSync(this.#path, 'utf8')) as Cell[]) : [];
  }

  /** The cell of an earlier run, if that found nothing wrong and was conclusive. */
  right(version: string, campaign: string): Cell | undefined {
    return this.#cells.find(
      (cell) => cell.version === version && cell.campaign === campaign && cell.verdict === 'ok',
    );
  }

  save(cell: Cell): void {
    const others = this.#cells.filter(
      ({ version, campaign }) => version !== cell.version || campaign !== cell.campaign,
    );
    this.#cells = [...others, cell];
    writeFileSync(this.#path, JSON.stringify(this.#cells, undefined, 2));
  }
}
