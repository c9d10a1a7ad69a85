/** What the program of a campaign has besides its own work. */
export interface CampaignMain<Settings extends { readonly help: boolean }> {
  readonly help: string;
  /** @throws {TypeError} for an option that does not exist, or a wrong value. */
  readonly parse: (args: readonly string[]) => Settings;
  /** Resolves to the exit code. Rejects when the signal aborts, after it has ended what it started. */
  readonly run: (settings: Settings, signal: AbortSignal) => Promise<number>;
  /** Printed after SIGINT or SIGTERM has ended the run. */
  readonly interrupted: string;
  /** The exit code for an error that the run expects, such as a missing program; undefined for any other. */
  readonly explain?: (error: unknown) => number | undefined;
}

/**
 * Runs a campaign with the arguments of this process. Returns its exit code, 2 for a wrong option, 130 after an
 * interruption, and 3 if the run itself failed.
 */
export async function campaignMain<Settings extends { readonly help: boolean }>({
  help,
  parse,
  run,
  interrupted,
  explain,
}: CampaignMain<Settings>): Promise<number> {
  const settings = settingsOf(parse, help);
  if (!settings) return 2;
  if (settings.help) {
    console.log(help);
    return 0;
  }
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Error('interrupted'));
  // Once: a second signal ends the process at once.
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await run(settings, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      console.log(interrupted);
      return 130;
    }
    const code = explain?.(error);
    if (code !== undefined) return code;
    console.error('the run itself failed:', error);
    return 3;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function settingsOf<Settings>(
  parse: (args: readonly string[]) => Settings,
  help: string,
): Settings | undefined {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return undefined;
  }
}
