import axe from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * The violations that axe finds in a page, as texts: the rule and the elements. The page's policy forbids script elements,
 * so axe is evaluated by the driver.
 */
export async function findViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${axe.source};void 0`);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document);
    return violations.map(({ id, help, nodes }) => {
      const elements = nodes.map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`);
      return `${id}: ${help}: ${elements.join(', ')}`;
    });
  });
}
