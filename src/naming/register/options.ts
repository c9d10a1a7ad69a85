import type { EtcdError } from '../../errors/index.js';
import {
  anything,
  callback,
  type OptionTexts,
  oneOf,
  optionsChecker,
  text,
  ttl,
  waitChecks,
} from '../../model/index.js';
import { endpointNames } from '../check-endpoint.js';
import type { Endpoint } from '../endpoint.js';
import type { OnConflict } from './core/index.js';

export interface RegisterOptions {
  /** The service by its name, such as `foo/bar/my-service`, or as it is dialled: `etcd:///foo/bar/my-service`. */
  readonly target: string;
  /** The address that callers dial: `host:port`, an IPv6 host in brackets. See {@link advertiseAddress} for one to register. */
  readonly addr: string;
  /** Stored with the address: anything JSON can hold. The balancer reads `weight`, `zone` and `status`. Default: none, stored as null. */
  readonly metadata?: Endpoint['metadata'];
  /**
   * The last part of the key, `<target>/<id>`. Default: `addr`, as etcd's old resolver did, with the slashes
   * of one that has some escaped (`unix:%2Frun%2Fa.sock`); in a worker of `node:cluster` or PM2, which shares its address
   * with others, `<addr>#<worker>`. Processes that share an address in another way need an id each.
   */
  readonly id?: string;
  /**
   * Seconds until the record of a process that died is gone. Default 10: renewed every third of it, it outlives an
   * etcd election and a short pause, and callers lose a dead server soon enough.
   */
  readonly ttlSeconds?: number;
  /**
   * What to do when the key is another's record (one of the same address counts as this process's own, before a
   * restart): `wait` until it goes, the default; `fail`; or `takeover`: write over it, with which the other, should it
   * live, is told and ends. Whoever does not wait ends with `replaced` when its own record is written over.
   */
  readonly onConflict?: OnConflict;
  /** What to do when an operator deletes the record: `restore` it, the default, or `stop`. */
  readonly onDeleted?: 'restore' | 'stop';
  /**
   * Receives what stands in the way while the first record is not stored yet, from the first failure on: an etcd out of
   * reach, a record of another process that is waited out. Default: a process warning (`ETCD_NAMING_REGISTER`), once,
   * where the record is not stored within a second of it. Later troubles are in `registration.events()`.
   */
  readonly onFailure?: (error: EtcdError) => void;
  /** How long the first registration may take, in milliseconds, before `register` rejects. Default 30,000. */
  readonly timeoutMs?: number;
  /** Gives up waiting for the first registration; `register` rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Shared with `registerServer`, which has the same options and more. */
export const registerChecks = {
  target: anything,
  addr: anything,
  metadata: anything,
  id: text,
  ttlSeconds: ttl,
  onConflict: oneOf('wait', 'fail', 'takeover'),
  onDeleted: oneOf('restore', 'stop'),
  onFailure: callback,
  ...waitChecks,
};

export const registerTexts: OptionTexts = {
  required: "give { target: 'my-service', addr: '10.0.0.7:50051' }",
  suggestions: { ...endpointNames, endpoint: ['addr', 'metadata'], service: 'target' },
};

export const checkRegister = optionsChecker<RegisterOptions>(registerChecks, registerTexts);
