import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Caller, FailedCall } from './caller.js';
import { paint } from './paint.js';

/** How long it took from an event until the expected state. */
export interface Timing {
  readonly event: string;
  readonly ms: number;
}

/** The server that was killed, and when, by `performance.now()`. */
export interface Killed {
  readonly address: string;
  readonly at: number;
}

/** Prints the results. Returns false if a call failed that was not in progress on the killed server. */
export function printSummary(caller: Caller, killed: Killed, timings: readonly Timing[]): boolean {
  const wasInProgress = ({ peer, startedAt }: FailedCall) =>
    peer === killed.address && startedAt <= killed.at;
  const expected = caller.failed.filter(wasInProgress);
  const unexpected = caller.failed.filter((call) => !wasInProgress(call));
  title('Time from each event to the expected state:');
  for (const { event, ms } of timings) console.log(`  ${String(ms).padStart(6)} ms  ${event}`);
  title('Summary:');
  for (const [name, count] of [...caller.answered].sort()) counted(count, `calls answered by ${name}`);
  counted(caller.made, 'calls made');
  counted(expected.length, 'calls failed that were in progress on the killed server');
  const isGood = unexpected.length === 0;
  const count = String(unexpected.length).padStart(6);
  console.log(paint(isGood ? 'green' : 'red', `  ${count} other calls failed`));
  for (const { peer, text } of unexpected.slice(0, 5)) console.log(`          ${peer}: ${text}`);
  return isGood && caller.answered.size === 4;
}

/** Prints what to do after the demo. */
export function printNextSteps(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const path = (...parts: readonly string[]) => relative(process.cwd(), join(root, ...parts));
  title('What to try next:');
  for (const [what, where] of [
    ['the same in a project of your own', path('docs', 'getting-started.md')],
    ['an etcd until Ctrl-C, and commands to try with it', `node ${path('examples', 'etcd', 'main.js')}`],
    ['more programs', path('examples', 'README.md')],
    ['the registered services, from a shell', 'npx etcd-naming --help'],
  ])
    console.log(`  ${what?.padEnd(50)}  ${paint('cyan', where ?? '')}`);
}

function title(text: string): void {
  console.log(`\n${paint('bold', text)}`);
}

function counted(count: number, text: string): void {
  console.log(`  ${String(count).padStart(6)} ${text}`);
}
