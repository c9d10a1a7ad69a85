import { once } from 'node:events';
import { join } from 'node:path';
import { type Invocation, printResult } from '../command.js';
import { CliError, messageOf, stackLinesOf } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { print, warn } from '../output/io.js';
import { onSignals, terminationSignals } from '../signals.js';
import { selectionFrom, startBackend } from './backend.js';
import { DefectReports } from './defect-reports.js';
import { onEnter } from './enter-key.js';
import { firstRead } from './first-read.js';
import { type ListenError, listenFailureText } from './listen-failure.js';
import { openBrowser } from './open-browser.js';
import { ownHosts } from './own-hosts.js';
import type { Backend } from './ports.js';
import { type Assets, loadAssets, PageServer, type PageServerOptions } from './server/index.js';
import { type UiOptions, uiOptionsFrom } from './ui-options.js';

/** Where the package is, and its version. */
export interface PackageFiles {
  readonly root: string;
  readonly version: string;
}

/** Below the ports that systems choose for outgoing connections, so that it is mostly free: a tunnel can always name it. */
export const defaultPort = 23_790;

/**
 * Serves the page until a signal ends the command.
 * @throws {CliError} for wrong usage, and if the port is in use; {EtcdError} if etcd refuses the read at the start.
 */
export async function runUi(invocation: Invocation, { root, version }: PackageFiles): Promise<number> {
  const options = await uiOptionsFrom(invocation.options);
  const selection = await selectionFrom(invocation, options);
  const assets = await loadAssets(join(root, 'dist/ui'));
  const ending = new AbortController();
  const removeHandlers = onSignals(terminationSignals, () => ending.abort());
  try {
    const client = invocation.createClient();
    await firstRead(client, selection.prefix, ending.signal);
    const backend = startBackend(client, selection, { version, endpoints: invocation.endpoints });
    await serve(invocation, options, { backend, assets }, ending.signal).finally(() => backend.close());
    return exitCodes.ok;
  } finally {
    removeHandlers();
  }
}

async function serve(
  invocation: Invocation,
  options: UiOptions,
  content: { readonly backend: Backend; readonly assets: Assets },
  signal: AbortSignal,
): Promise<void> {
  const { io, format } = invocation;
  const defects = new DefectReports();
  const onUnexpected = (error: unknown) => {
    if (defects.isDue(error)) reportUnexpected(invocation, error);
  };
  const server = await startServer(options, { ...content, onUnexpected });
  const url = server.createUrl();
  printResult(invocation, { url, prefix: content.backend.settings.prefix, readOnly: options.readOnly }, url);
  if (options.open)
    openBrowser(url, (program) => warn(io, `${program} cannot open the browser; open the URL yourself`));
  const stopReading = format === 'json' ? () => {} : onEnter(() => print(io.stdout, [server.createUrl()]));
  try {
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    stopReading();
    await server.close();
  }
}

/** Without `--port`, another free port is used if the default is in use. */
async function startServer(
  options: UiOptions,
  content: Pick<PageServerOptions, 'backend' | 'assets' | 'onUnexpected'>,
): Promise<PageServer> {
  const hosts = ownHosts(options);
  const start = (port: number) => PageServer.start({ ...options, ...content, ...hosts, port });
  try {
    return await start(options.port ?? defaultPort);
  } catch (error) {
    const failure = error as ListenError;
    if (failure.code === 'EADDRINUSE' && options.port === undefined) return start(0);
    throw new CliError(`cannot listen: ${listenFailureText(failure)}`, exitCodes.failed, error);
  }
}

function reportUnexpected({ io, options }: Invocation, error: unknown): void {
  warn(io, `a request of the page failed: ${messageOf(error)}`);
  if (options.flag('debug')) print(io.stderr, stackLinesOf(error));
}
