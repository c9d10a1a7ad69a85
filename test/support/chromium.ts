import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The programs that {@link findChromium} looks for on `PATH`. */
export const browserNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A name that {@link launch}'s browser resolves to 127.0.0.1, as a rebound DNS name would be. */
export const reboundName = 'rebound.test';

const resolverRules = `MAP ${reboundName} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost`;

/** Starts a Chromium that resolves no other name, except those below `localhost`, and reaches no host but this one. */
export function launch(program: string): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    // Chromium refuses to start with its sandbox as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [`--host-resolver-rules=${resolverRules}`, '--disable-dev-shm-usage'],
  });
}

/** The path of `CHROME_BIN`, or of the first Chromium on `PATH`. */
export async function findChromium(): Promise<string | undefined> {
  const chosen = process.env['CHROME_BIN'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = chosen
    ? [chosen]
    : browserNames.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of paths) if (await isExecutable(path)) return path;
  return undefined;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
