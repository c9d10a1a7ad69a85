import { debuglog } from 'node:util';
import { describeThrown, EtcdError, escapeControls } from '../errors/index.js';
import { type CallTrace, callChannel } from './call.js';
import { processWide } from './process-wide.js';
import { type ClientEvent, type Topic, toLine } from './topic.js';

let isInstalled = false;
/** The topics that a copy of this package prints; the others need not. */
const printed = processWide('node-debug', () => new Set<string>());

/**
 * Prints the events of the topics that `NODE_DEBUG` names: `etcd-naming` for all, `etcd-naming:watch` for one. Called when
 * the first client is made.
 */
export function installNodeDebug(topics: readonly Topic<never>[]): void {
  if (isInstalled) return;
  isInstalled = true;
  const all = debuglog('etcd-naming');
  for (const { name, channel, describe } of topics) {
    const print = printerOf(name, all);
    if (print) channel.subscribe((event) => print(event, () => describe(event).text));
  }
  const printCall = printerOf('call', all);
  if (printCall) callChannel.subscribe({ asyncEnd: (call) => printCall(call, () => describeCall(call)) });
}

type Print = (event: ClientEvent, describe: () => string) => void;

/** What prints the events of a topic; undefined if nothing does, or another copy of this package. */
function printerOf(topic: string, all: ReturnType<typeof debuglog>): Print | undefined {
  const own = debuglog(`etcd-naming:${topic}`);
  if ((!own.enabled && !all.enabled) || printed.has(topic)) return undefined;
  printed.add(topic);
  const print = own.enabled
    ? (text: string) => own('%s', text)
    : (text: string) => all('%s: %s', topic, text);
  return ({ client }, describe) => print(`${escapeControls(client)}: ${describedBy(describe)}`);
}

/** An event of another copy of this package may be of a type that this one does not know. */
function describedBy(describe: () => string): string {
  try {
    return describe();
  } catch (error) {
    return `an event without a text: ${escapeControls(describeThrown(error))}`;
  }
}

function describeCall(call: CallTrace): string {
  const { method, ranges, attempts, durationMs = 0, error } = call;
  const [range, ...others] = ranges;
  const subject = range ? ` '${range.key}'${others.length > 0 ? ` and ${others.length} more` : ''}` : '';
  const on = attempts.map(({ endpoint }) => endpoint).join(', then ');
  const where = on === '' ? '' : ` on ${on}`;
  return toLine(`${method}${subject}${where}: ${outcomeOf(error)} after ${durationMs.toFixed(1)} ms`);
}

function outcomeOf(error: unknown): string {
  if (error === undefined) return 'OK';
  return error instanceof EtcdError ? error.message : describeThrown(error);
}
