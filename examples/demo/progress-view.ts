import type { Caller } from './caller.js';
import type { RegistryView } from './registry-view.js';

const redrawMs = 100;
const lineMs = 2_000;

/** Shows how many calls each server answers: redrawn in place on a terminal, else as a line every two seconds. */
export class ProgressView {
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #started = Date.now();
  readonly #last = new Map<string, number>();
  #source: { readonly caller: Caller; readonly registry: RegistryView } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;

  show(caller: Caller, registry: RegistryView): void {
    this.#source = { caller, registry };
    this.#timer = setInterval(
      () => (this.#isTerminal ? this.#redraw() : this.#line()),
      this.#isTerminal ? redrawMs : lineMs,
    );
  }

  /** Prints a message, which stays above the counts. */
  log(text: string): void {
    this.#erase();
    console.log(`${this.#clock()}  ${text}`);
    if (this.#isTerminal) this.#redraw();
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#isTerminal) this.#redraw();
    this.#drawn = 0;
  }

  #line(): void {
    if (!this.#source) return;
    const { caller, registry } = this.#source;
    const counts = [...caller.answered].sort().map(([name, count]) => `${name} ${count}`);
    console.log(
      `${this.#clock()}  answered: ${counts.join(', ')} | failed: ${caller.failed.length} | registered: ${registry.names.join(', ')}`,
    );
  }

  #redraw(): void {
    if (!this.#source) return;
    this.#erase();
    const { caller, registry } = this.#source;
    const lines = [...caller.answered].sort().map(([name, count]) => {
      const rate = (count - (this.#last.get(name) ?? 0)) / (redrawMs / 1000);
      this.#last.set(name, count);
      const bar = '█'.repeat(Math.min(30, Math.round(rate / 3)));
      const mark = registry.names.includes(name) ? '●' : '○';
      return `   ${mark} ${name.padEnd(9)} ${String(count).padStart(6)} calls  ${bar}`;
    });
    lines.push(`     failed    ${String(caller.failed.length).padStart(6)} calls     ● registered  ○ not`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
    this.#drawn = lines.length + 1;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #clock(): string {
    return `${((Date.now() - this.#started) / 1000).toFixed(1).padStart(5)} s`;
  }
}
