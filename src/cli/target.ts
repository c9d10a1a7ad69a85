import { serviceOf } from '../index.js';
import { wrongUsage } from './failure.js';

/** What a word of the command line names. */
export interface Target {
  /** As it was written. */
  readonly written: string;
  readonly service: string;
  /** Where its records are: the service and a slash. */
  readonly prefix: string;
  /** The authority of a URI, where there is one. */
  readonly authority: string | undefined;
}

/** A service by its name, or as it is dialled: `etcd:///foo/bar`. @throws {Failure} for a name that is none. */
export function readTarget(written: string): Target {
  if (written === '') throw wrongUsage('the target is empty');
  if (!written.startsWith('etcd:'))
    return { written, service: written, prefix: `${written}/`, authority: undefined };
  // Split as grpc-js splits it, so that the name means here what it means to a channel.
  const [, authority, path = ''] = /^etcd:(?:\/\/([^/]*)\/)?(.+)$/s.exec(written) ?? [];
  const service = serviceOf({ scheme: 'etcd', authority, path }, false);
  return { written, service, prefix: `${service}/`, authority: authority || undefined };
}

/** The key of one record. @throws {Failure} for an empty id, which Go's manager would take. */
export function keyOf(target: Target, id: string): string {
  if (id === '') throw wrongUsage('the id is empty');
  return target.prefix + id;
}
