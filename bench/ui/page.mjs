// A page in Chromium that shows the big service, and what it costs.
import { readFileSync, writeFileSync } from 'node:fs';
import { wallClockBias } from './clock.mjs';
import { observePage } from './page-hook.mjs';
import { bigService } from './services.mjs';

/** Opens a page at a one-time link, in a context of its own. Resolves when its first row is in the DOM. */
export async function openPage(browser, link) {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  await context.addInitScript(observePage);
  const page = await context.newPage();
  await page.goto(`${link}&page=endpoints&service=${encodeURIComponent(bigService)}`);
  await page.waitForFunction(() => globalThis.benchSeen.firstRow !== undefined, undefined, {
    timeout: 60_000,
  });
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  return new BenchPage(context, page, cdp);
}

class BenchPage {
  #context;
  #page;
  #cdp;

  constructor(context, page, cdp) {
    this.#context = context;
    this.#page = page;
    this.#cdp = cdp;
  }

  /** Milliseconds from the navigation to the first row in the DOM. */
  firstRowMs() {
    return this.#page.evaluate(() => globalThis.benchSeen.firstRow);
  }

  addresses() {
    return this.#page.evaluate(() => globalThis.benchAddresses());
  }

  reset() {
    return this.#page.evaluate(() => globalThis.benchReset());
  }

  /** What the hook has seen since the reset, with `bias`, which makes a wall-clock time of the times of markers. */
  async seen() {
    const bias = await this.#page.evaluate(wallClockBias);
    return { ...(await this.#page.evaluate(() => globalThis.benchSeen)), bias };
  }

  clockBias() {
    return this.#page.evaluate(wallClockBias);
  }

  /** A factor of 1 ends the throttling. */
  async throttle(rate) {
    await this.#cdp.send('Emulation.setCPUThrottlingRate', { rate });
  }

  /** The heap in bytes after garbage collection, and the number of DOM nodes. */
  async memory() {
    await this.#cdp.send('HeapProfiler.collectGarbage');
    const { JSHeapUsedSize, Nodes } = await this.#metrics();
    return { heap: JSHeapUsedSize, nodes: Nodes };
  }

  /** CPU seconds since the page was opened: of the main thread, and of the process with its other threads. */
  async usage() {
    const { ThreadTime, ProcessTime, ScriptDuration, LayoutDuration, RecalcStyleDuration } =
      await this.#metrics();
    const layout = LayoutDuration + RecalcStyleDuration;
    return { mainThread: ThreadTime, process: ProcessTime, script: ScriptDuration, layout };
  }

  async startProfile() {
    await this.#cdp.send('Profiler.enable');
    await this.#cdp.send('Profiler.start');
  }

  async stopProfile(file) {
    const { profile } = await this.#cdp.send('Profiler.stop');
    await this.#cdp.send('Profiler.disable');
    writeFileSync(file, JSON.stringify(profile));
  }

  close() {
    return this.#context.close();
  }

  async #metrics() {
    const { metrics } = await this.#cdp.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }
}

/** The resident memory in bytes of all processes that run pages; undefined where there is no /proc. */
export async function residentMemory(browser) {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  await cdp.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  try {
    return renderers.reduce((sum, { id }) => sum + residentOf(id), 0);
  } catch {
    return undefined;
  }
}

function residentOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1_024;
}
