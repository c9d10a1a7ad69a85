import type { ServiceConfig } from '@grpc/grpc-js';
import {
  Broadcast,
  callSafely,
  inRootContext,
  onAbort,
  processWarning,
  retryLoop,
  systemClock,
} from '../../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../../errors/index.js';
import { anything, callback, optionsChecker } from '../../../model/index.js';
import { toMemoryLimits } from '../../directory/index.js';
import { NamingError } from '../../errors.js';
import { ExpiringCache } from '../../expiring-cache.js';
import type { NamingClient } from '../../ports.js';
import { ignoredFields, parseServiceConfig } from './parse-service-config.js';

/** The options for service configs that are stored in etcd. */
export interface ServiceConfigOptions {
  /**
   * The config of the service `foo/bar` is the value of the key `<prefix>foo/bar`; for instance `service-config/`. The
   * prefix must not be within a service's own: Go clients take every key below a target for an endpoint. Required.
   */
  readonly prefix: string;
  /**
   * Called for a value that cannot be used and for a failed read; the previous config stays in force. Also called, with
   * the names, for a value with fields that grpc-js ignores, such as `healthCheckConfig`; the rest of the value is in
   * force. An exception or rejection becomes a process warning (`ETCD_NAMING_CALLBACK`). Default: failures are ignored.
   */
  readonly onFailure?: (error: EtcdError) => void;
}

/** `registerEtcdResolver` checks the prefix. */
export const checkServiceConfig = optionsChecker<ServiceConfigOptions>({
  prefix: anything,
  onFailure: callback,
});

const restartBackoff = { baseMs: 500, maxMs: 10_000 };
/** How long etcd has to answer before a remembered config is used, as for endpoints. */
const useRememberedAfterMs = 1_000;

/** Receives the config of a service; null when it has none. */
type ConfigListener = (config: ServiceConfig | null) => void;

interface KnownConfig {
  readonly config: ServiceConfig;
  readonly knownAt: number;
}

/**
 * The service configs in etcd. Each is followed while a channel of its service is in use.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A21-service-config-error-handling.md
 */
export class ServiceConfigSource {
  readonly #options: ServiceConfigOptions;
  readonly #policy: ServiceConfig['loadBalancingConfig'];
  readonly #followed = new Map<NamingClient, Map<string, FollowedConfig>>();
  /** The configs of services that are no longer followed, with the default limits of the directory's memory. */
  readonly #remembered = new WeakMap<NamingClient, ExpiringCache<KnownConfig>>();

  constructor(options: ServiceConfigOptions, policy: ServiceConfig['loadBalancingConfig']) {
    this.#options = options;
    this.#policy = policy;
  }

  /** Calls back asynchronously with the config once it is known, then after each change. The returned function unsubscribes. */
  follow(client: NamingClient, service: string, listener: ConfigListener): () => void {
    const configsOfClient = this.#followed.get(client) ?? new Map<string, FollowedConfig>();
    this.#followed.set(client, configsOfClient);
    const remembered = this.#rememberedOf(client);
    const followed =
      configsOfClient.get(service) ??
      new FollowedConfig(client, service, this.#options, this.#policy, remembered.take(service));
    configsOfClient.set(service, followed);
    return followed.add(listener, (last) => {
      configsOfClient.delete(service);
      if (last) remembered.put(service, last);
    });
  }

  #rememberedOf(client: NamingClient): ExpiringCache<KnownConfig> {
    const known =
      this.#remembered.get(client) ?? new ExpiringCache<KnownConfig>(systemClock, toMemoryLimits());
    this.#remembered.set(client, known);
    return known;
  }
}

/** The config of one service, followed while it has listeners. */
class FollowedConfig {
  readonly #client: NamingClient;
  readonly #key: string;
  readonly #options: ServiceConfigOptions;
  readonly #policy: ServiceConfig['loadBalancingConfig'];
  readonly #changes = new Broadcast<ServiceConfig | null>();
  readonly #stopping = new AbortController();
  #config: ServiceConfig | null | undefined;
  /** The last value: a resync repeats it. */
  #text: string | undefined;
  /** The config that was known when the service was last followed; undefined once etcd has answered. */
  #remembered: KnownConfig | undefined;

  constructor(
    client: NamingClient,
    service: string,
    options: ServiceConfigOptions,
    policy: ServiceConfig['loadBalancingConfig'],
    remembered: KnownConfig | undefined,
  ) {
    this.#remembered = remembered;
    if (remembered) this.#scheduleRemembered(remembered);
    this.#client = client;
    this.#key = options.prefix + service;
    this.#options = options;
    this.#policy = policy;
    const failed = (error: unknown) => this.#reportFailure(toEtcdError(error));
    const { signal } = this.#stopping;
    void inRootContext(() => retryLoop(systemClock, signal, restartBackoff, () => this.#follow(), failed));
  }

  /** @param onUnused Called after the last listener left, with the config to remember. */
  add(listener: ConfigListener, onUnused: (last: KnownConfig | undefined) => void): () => void {
    const remove = this.#changes.listen(listener);
    const first = setImmediate(() => {
      if (this.#config !== undefined) listener(this.#config);
    });
    return () => {
      clearImmediate(first);
      if (!remove() || this.#changes.size > 0) return;
      this.#stopping.abort(new ClosedError('the service config'));
      onUnused(this.#last());
    };
  }

  #scheduleRemembered({ config }: KnownConfig): void {
    const cancel = systemClock.setTimer(useRememberedAfterMs, () => {
      if (this.#config === undefined) this.#setConfig(config);
    });
    onAbort(this.#stopping.signal, cancel);
  }

  #last(): KnownConfig | undefined {
    if (this.#remembered) return this.#remembered;
    return this.#config ? { config: this.#config, knownAt: systemClock.now() } : undefined;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    const onFailure = (error: EtcdError) => this.#reportFailure(error);
    for await (const update of this.#client.mirror({ key: this.#key }, { signal, onFailure })) {
      const kvs = update.type === 'snapshot' ? update.kvs : update.puts;
      const [kv] = kvs.values();
      if (kv) this.#parse(kv.value.toString());
      else this.#setAbsent();
      this.#remembered = undefined;
    }
  }

  #setAbsent(): void {
    this.#text = undefined;
    this.#setConfig(null);
  }

  #parse(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    try {
      this.#setConfig(parseServiceConfig(text, this.#policy, this.#key));
    } catch (error) {
      this.#reportFailure(toEtcdError(error));
      if (this.#config === undefined) this.#setConfig(this.#remembered?.config ?? null);
      return;
    }
    const ignored = ignoredFields(text);
    if (ignored.length > 0)
      this.#reportFailure(new NamingError(`'${this.#key}': grpc-js ignores ${ignored.join(', ')}`));
  }

  #setConfig(config: ServiceConfig | null): void {
    this.#config = config;
    this.#changes.publish(config);
  }

  #reportFailure(error: EtcdError): void {
    if (this.#stopping.signal.aborted || error instanceof ClosedError) return;
    const { onFailure } = this.#options;
    if (onFailure) callSafely(() => onFailure(error), processWarning('serviceConfig.onFailure'));
  }
}
