import type { System } from './messages.js';

/** Where the holders of a name write, and nothing else does. */
export function logKeyOf(name: string): string {
  return `log/${name}`;
}

/** A value that names the request that wrote it. */
export function logValue(incarnation: string, request: number, turn: number): string {
  return `${incarnation}/${request}/${turn}`;
}

/** The request that wrote a value of {@link logValue}. */
export function requestOfValue(value: string): string {
  return value.slice(0, value.lastIndexOf('/'));
}

/** Whether a key is in the queue of a name. etcd3 has no queue: its lock is the name itself. */
export function isInQueue(system: System, name: string, key: string): boolean {
  return system === 'etcd3' ? key === name : key.startsWith(`${name}/`);
}
