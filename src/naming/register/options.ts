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
import { endpointNameSuggestions } from '../check-endpoint.js';
import { checkCodec } from '../codec/check-codec.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import type { Endpoint } from '../endpoint.js';
import type { OnConflict } from './core/index.js';

/** Options of {@link register}. */
export interface RegisterOptions {
  /** The service: its name, such as `foo/bar/my-service`, or its URI, such as `etcd:///foo/bar/my-service`. */
  readonly target: string;
  /**
   * The address that callers dial: `host:port`, an IPv6 host in brackets. {@link advertiseAddress} returns the address
   * of this host.
   */
  readonly addr: string;
  /**
   * Any JSON value, stored with the address. The balancer reads its members `weight`, `zone` and `status`. Default: none,
   * stored as null.
   */
  readonly metadata?: Endpoint['metadata'];
  /**
   * The format of the record, such as `kratos()` of `@org/etcd-naming/codecs`, so that the clients of another framework
   * find the server. Default: that of Go's `endpoints`.
   */
  readonly codec?: EndpointCodec;
  /**
   * The last part of the key, `<target>/<id>`. Default: `addr`, as in etcd's old resolver, with slashes escaped
   * (`unix:%2Frun%2Fa.sock`); in a worker of `node:cluster` or PM2, `<addr>#<worker>`, because workers share an address.
   * Processes that share an address in another way each need their own id.
   */
  readonly id?: string;
  /**
   * The TTL of the lease in seconds: the record of a dead process is deleted after this time. Default 10. The lease is
   * renewed every third of the TTL, so 10 s survive an etcd election or a short pause of the process.
   */
  readonly ttlSeconds?: number;
  /**
   * What to do if another registration's record has the key. A record with the same address does not count: it is this
   * process's own, from before a restart. `wait` (default) waits until the record is gone. `fail` rejects with
   * ConflictError. `takeover` overwrites the record. With `fail` and `takeover`, the registration ends with `replaced`
   * when its own record is overwritten.
   */
  readonly onConflict?: OnConflict;
  /**
   * What to do if an operator deletes the record: `restore` (default) stores it again, `stop` ends the registration.
   */
  readonly onDeleted?: 'restore' | 'stop';
  /**
   * Called with each failure until the first record is stored: etcd is unreachable, or another process's record has the
   * key. Default: one process warning (`ETCD_NAMING_REGISTER`) if the record is not stored within a second after the
   * first failure. Later failures are reported by `registration.events()`.
   */
  readonly onFailure?: (error: EtcdError) => void;
  /** The deadline of the first registration, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Aborts the first registration; `register` then rejects with the signal's reason. No effect afterwards. */
  readonly signal?: AbortSignal | undefined;
}

/** Shared with `registerServer`, which has the same options and more. */
export const registerChecks = {
  target: anything,
  addr: anything,
  metadata: anything,
  codec: checkCodec,
  id: text,
  ttlSeconds: ttl,
  onConflict: oneOf('wait', 'fail', 'takeover'),
  onDeleted: oneOf('restore', 'stop'),
  onFailure: callback,
  ...waitChecks,
};

export const registerTexts: OptionTexts = {
  required: "give { target: 'my-service', addr: '10.0.0.7:50051' }",
  suggestions: { ...endpointNameSuggestions, endpoint: ['addr', 'metadata'], service: 'target' },
};

export const checkRegister = optionsChecker<RegisterOptions>(registerChecks, registerTexts);
