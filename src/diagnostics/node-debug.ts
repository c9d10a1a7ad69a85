import { debuglog } from 'node:util';
import { describeThrown, EtcdError, escapeControls } from '../errors/index.js';
import { type CallTrace, callChannel } from './call.js';
import type { ClientEvent, Topic } from './topic.js';

let isInstalled = false;

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
    if (!print) continue;
    channel.subscribe((event: ClientEvent) => print(`${event.client}: ${describe(event as never).text}`));
  }
  const printCall = printerOf('call', all);
  if (printCall)
    callChannel.subscribe({ asyncEnd: (call) => printCall(`${call.client}: ${describeCall(call)}`) });
}

type Print = (text: string) => void;

function printerOf(topic: string, all: ReturnType<typeof debuglog>): Print | undefined {
  const own = debuglog(`etcd-naming:${topic}`);
  if (own.enabled) return (text) => own('%s', text);
  return all.enabled ? (text) => all('%s: %s', topic, text) : undefined;
}

function describeCall(call: CallTrace): string {
  const { method, ranges, attempts, durationMs = 0, error } = call;
  const [range, ...others] = ranges;
  const subject = range ? ` '${range.key}'${others.length > 0 ? ` and ${others.length} more` : ''}` : '';
  const on = attempts.map(({ endpoint }) => endpoint).join(', then ');
  const where = on === '' ? '' : ` on ${on}`;
  return escapeControls(`${method}${subject}${where}: ${outcomeOf(error)} after ${durationMs.toFixed(1)} ms`);
}

function outcomeOf(error: unknown): string {
  if (error === undefined) return 'OK';
  return error instanceof EtcdError ? error.message : describeThrown(error);
}
