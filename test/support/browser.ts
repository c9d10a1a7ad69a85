import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { type BrowserTab, openTab, type TabOptions } from './browser-tab.js';
import { browserNames, findChromium, launch } from './chromium.js';
import { skip } from './etcd.js';

const pictures = 'build/ui-screenshots/failed';

/** The browser of {@link useBrowser}. */
export interface TestBrowser {
  /** Opens a page in a context of its own, which is closed after the test. */
  open(url: string, options?: TabOptions): Promise<BrowserTab>;
}

/**
 * One Chromium for the tests of a `describe`. Call it before `useEtcd()`: without a Chromium the tests are skipped, with
 * the reason. After each test its tabs are closed, and {@link BrowserTab.check} fails for what a page must not do; a
 * picture of each tab of a failed test is kept in `build/ui-screenshots/failed`.
 */
export function useBrowser(): TestBrowser {
  let browser: Browser | undefined;
  const tabs: BrowserTab[] = [];

  before('a browser starts', async function () {
    const program = await findChromium();
    if (program === undefined) skip(this, `there is no Chromium (${browserNames.join(', ')}, CHROME_BIN)`);
    browser = await launch(program);
  });

  afterEach('the pages are closed, and did nothing that they must not do', async function () {
    const opened = tabs.splice(0);
    const test = this.currentTest;
    if (test?.state === 'failed') await keepPictures(test.fullTitle(), opened);
    await Promise.all(opened.map((tab) => tab.close()));
    if (test?.state !== 'failed') for (const tab of opened) tab.check();
  });

  after(() => browser?.close());

  return {
    async open(url, options) {
      if (!browser) throw new Error('useBrowser(): the browser exists only inside tests');
      const tab = await openTab(browser, url, options);
      tabs.push(tab);
      return tab;
    },
  };
}

async function keepPictures(title: string, tabs: readonly BrowserTab[]): Promise<void> {
  await mkdir(pictures, { recursive: true });
  const name = title.replace(/[^a-z0-9]+/gi, '-').slice(0, 150);
  for (const [i, { page }] of tabs.entries()) {
    const path = join(pictures, `${name}-${i}.png`);
    // A page that hangs must not hide why its test failed.
    const kept = await page.screenshot({ path, timeout: 5_000 }).catch(() => undefined);
    if (kept) console.error(`the page of the failed test: ${path}`);
  }
}
