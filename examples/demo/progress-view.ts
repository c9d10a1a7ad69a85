import type { Caller } from './caller.js';
import type { Outage } from './outage.js';
import { paint } from './paint.js';
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
  /** Set while etcd is away. */
  outage: Outage | undefined;

  show(caller: Caller, registry: RegistryView): void {
    this.#source = { caller, registry };
    this.#timer = setInterval(
      () => (this.#isTerminal ? this.#redraw() : this.#lines()),
      this.#isTerminal ? redrawMs : lineMs,
    );
  }

  /** Prints what happens next. It stays above the counts. */
  step(text: string): void {
    this.#log(paint('bold', text));
  }

  /** Prints what was reached, and how long it took. */
  reached(text: string, ms: number): void {
    this.#log(`${paint('green', '✓')} ${text} ${paint('dim', `(${ms} ms)`)}`);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#isTerminal) this.#redraw();
    this.#drawn = 0;
  }

  #log(text: string): void {
    this.#erase();
    console.log(`${paint('dim', this.#clock())}  ${text}`);
    if (this.#isTerminal) this.#redraw();
  }

  #lines(): void {
    if (!this.#source) return;
    const { caller, registry } = this.#source;
    const counts = [...caller.answered].sort().map(([name, count]) => `${name} ${count}`);
    const registered = registry.names.join(', ');
    const line = `answered: ${counts.join(', ')} | failed: ${caller.failed.length} | registered: ${registered}`;
    if (this.outage) this.#log(paint('yellow', this.outage.text));
    this.#log(paint('dim', line));
  }

  #redraw(): void {
    if (!this.#source) return;
    this.#erase();
    const { caller } = this.#source;
    const failed = String(caller.failed.length).padStart(6);
    const lines = [
      this.outage ? `   ${paint('yellow', this.outage.text)}` : '',
      ...[...caller.answered].sort().map(([name, count]) => this.#row(name, count)),
      `     failed    ${failed} calls     ${paint('green', '●')} registered  ○ not`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #row(name: string, count: number): string {
    const rate = (count - (this.#last.get(name) ?? 0)) / (redrawMs / 1000);
    this.#last.set(name, count);
    const bar = paint('cyan', '█'.repeat(Math.min(30, Math.round(rate / 3))));
    const mark = this.#source?.registry.names.includes(name) ? paint('green', '●') : '○';
    return `   ${mark} ${name.padEnd(9)} ${String(count).padStart(6)} calls  ${bar}`;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #clock(): string {
    return `${((Date.now() - this.#started) / 1000).toFixed(1).padStart(5)} s`;
  }
}
