import { type EtcdFigures, etcdFigureNames } from './etcd-figures.js';
import { gaugeNames, type WorkerSample } from './messages.js';

/** The state in which the load began, and that must return. */
export interface RestingState extends Pick<WorkerSample, 'process' | 'gauges'> {
  readonly etcd: EtcdFigures | undefined;
}

/**
 * What has not returned, as texts: `leases in etcd: 9 instead of 8`. Gauges and what etcd holds must be equal; of handles
 * and descriptors there may be fewer. A client that had to use another member keeps that connection until it has been
 * idle for half an hour, so connections to members are not compared, but may be one to each member.
 */
export function unreturned(before: RestingState, now: RestingState): string[] {
  const differs = (what: string, was: number, is: number) =>
    was === is ? [] : [`${what}: ${is} instead of ${was}`];
  const grew = (what: string, was: number, is: number) =>
    is <= was ? [] : [`${what}: ${is} instead of ${was}`];
  const types = Object.keys({ ...before.process.handles, ...now.process.handles });
  return [
    ...gaugeNames
      .filter((name) => name !== 'memberConnections')
      .flatMap((name) => differs(name, before.gauges[name], now.gauges[name])),
    ...types.flatMap((type) => grew(type, before.process.handles[type] ?? 0, now.process.handles[type] ?? 0)),
    ...grew('descriptors, without connections to members', ownDescriptors(before), ownDescriptors(now)).map(
      (text) => `${text}; connections: ${list(now)}, before: ${list(before)}`,
    ),
    ...etcdFigureNames.flatMap((name) =>
      differs(`${name} in etcd`, before.etcd?.[name] ?? Number.NaN, now.etcd?.[name] ?? Number.NaN),
    ),
  ];
}

function list({ process }: RestingState): string {
  return Object.entries(process.connections)
    .map(([peer, count]) => `${count} to ${peer}`)
    .join(', ');
}

function ownDescriptors({ process, gauges }: RestingState): number {
  return process.descriptors - gauges.memberConnections;
}

/** What the worker left in etcd when it had ended. */
export function leftInEtcd(found: EtcdFigures | undefined): string[] {
  if (!found) return ['etcd does not answer'];
  return etcdFigureNames.flatMap((name) => (found[name] === 0 ? [] : [`${name} in etcd: ${found[name]}`]));
}
