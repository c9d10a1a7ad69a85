import type { Locator, Page } from 'playwright-core';

/** The page as its users perceive it: by roles, names and texts. */
export class UiPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The list of the current view. */
  get grid(): Locator {
    return this.page.getByRole('grid');
  }

  get filter(): Locator {
    return this.page.getByRole('searchbox');
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** The panel with everything about one record. */
  get details(): Locator {
    return this.page.getByRole('complementary');
  }

  /** The entries of the timeline, newest first. */
  get entries(): Locator {
    return this.page.getByRole('main').getByRole('list').getByRole('listitem');
  }

  /** The rows of the list that are in the document, without its header. */
  get rows(): Locator {
    return this.grid.getByRole('row').filter({ has: this.page.getByRole('gridcell') });
  }

  /** The row of the list that contains a text. */
  row(text: string | RegExp): Locator {
    return this.grid.getByRole('row').filter({ hasText: text });
  }

  cells(row: Locator): Promise<string[]> {
    return row.getByRole('gridcell').allInnerTexts();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  /** The state of the view, such as `Live`. */
  get state(): Locator {
    return this.page.getByRole('banner').getByRole('status');
  }

  /** Waits until the page shows a state of the view. */
  async shows(state: string): Promise<void> {
    await this.state.filter({ hasText: state }).waitFor();
  }

  /** Goes to a view without a reload; the fields are parts of the fragment. */
  async go(view: Readonly<Record<string, string>>): Promise<void> {
    const parts = Object.entries(view).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    await this.page.evaluate((hash) => {
      location.hash = hash;
    }, parts.join('&'));
  }

  /** The fields of the fragment. */
  get view(): URLSearchParams {
    return new URLSearchParams(new URL(this.page.url()).hash.slice(1));
  }

  /** Whether the list, or the timeline, is marked as not current. */
  async isStale(): Promise<boolean> {
    return (await this.page.locator('.stale').count()) > 0;
  }

  /** Sends a request as the page's own code does. */
  async post(path: string, request: object): Promise<{ status: number; body: unknown }> {
    return this.page.evaluate(
      async ([url, body]) => {
        const session = Object.values(sessionStorage)[0];
        const headers = { authorization: `Bearer ${session}`, 'content-type': 'application/json' };
        const response = await fetch(url, { method: 'POST', headers, body });
        return { status: response.status, body: await response.json() };
      },
      [path, JSON.stringify(request)] as const,
    );
  }
}
