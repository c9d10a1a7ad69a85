import { type ChannelOptions, experimental, Metadata, type ServiceConfig, status } from '@grpc/grpc-js';
import { Coalescer, inRootContext, systemClock } from '../../../async/index.js';
import {
  type ClientDiagnostics,
  diagnosticsOf,
  type ResolverDiagnostics,
  resolverTopic,
} from '../../../diagnostics/index.js';
import { ClosedError, EtcdError, escapeControls } from '../../../errors/index.js';
import type { BalanceOptions } from '../../balance/index.js';
import type { CodecOption } from '../../codec/codec-list.js';
import { prefixesOf, type ServiceDirectory, type ServiceView } from '../../directory/index.js';
import {
  emptyServiceReason,
  isSameSelection,
  type SelectedAddress,
  type Selector,
  selectAddresses,
  textOf,
  unresolvedReason,
  unusableCount,
} from '../../selection/index.js';
import type { ServiceIdentity } from '../../shown-service.js';
import { type TargetUri, toTarget } from '../../target/index.js';
import { type TargetUsage, usageOf } from '../../target-usage.js';
import { policyName, usesWeights } from '../balancer/config.js';
import { setInfo } from '../balancer/endpoint-info.js';
import { channelCodec } from './channel-codec.js';
import { withConnectTimeout } from './connect-timeout.js';
import type { ServiceConfigSource } from './service-config-source.js';

/** The service of a target and the directory to follow it in. */
interface FollowedTarget {
  readonly directory: ServiceDirectory;
  readonly service: string;
}

/** How to follow a target; or why it cannot be followed. */
export type ResolvedTarget = FollowedTarget | { readonly error: string };

/** What the resolvers of one registration share. */
export interface ResolverContext {
  /** `codec`: that of the channel, if it has one. */
  resolveTarget(target: TargetUri, codec: CodecOption | undefined): ResolvedTarget;
  /** Which records to use. */
  readonly selection: Selector;
  /** The timeout of a connection attempt, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** The policy for channels without a service config of their own. */
  readonly policy: ServiceConfig['loadBalancingConfig'];
  /** The source of service configs for such channels; undefined when they are not read from etcd. */
  readonly serviceConfigSource: ServiceConfigSource | undefined;
  /** Of the client of the registration. */
  readonly diagnostics: ClientDiagnostics;
  /** The resolvers that currently follow a service. */
  readonly inUse: Set<EtcdResolver>;
}

/** The default policy: with gRPC's own, pick_first, each channel would use only one server. */
export function toLoadBalancingConfig(
  balance: BalanceOptions | undefined,
): ServiceConfig['loadBalancingConfig'] {
  return [balance ? { [policyName]: balance } : { round_robin: {} }];
}

/** How long the first resolution may take before calls fail with the reason instead of waiting for their deadlines. */
const firstResolutionTimeoutMs = 5_000;
/** How long known endpoints wait for the service config before they are used without one. */
const configWaitMs = 1_000;

/**
 * Follows one service for one channel. grpc-js destroys the resolver when the channel idles and uses the same object
 * again, so `destroy()` resets everything that belongs to one period of use.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/naming.md#resolver-plugins
 */
export class EtcdResolver implements experimental.Resolver {
  readonly #context: ResolverContext;
  readonly #target: TargetUri;
  readonly #listener: experimental.ResolverListener;
  readonly #codec: CodecOption | undefined;
  /** The JSON of the channel's own service config, which takes precedence. */
  readonly #userServiceConfig: string | undefined;
  readonly #coalescer = new Coalescer(systemClock, () => this.#emit());
  #service = '';
  /** The key prefixes of the service's records. */
  #prefixes: readonly string[] = [];
  #unsubscribe: (() => void) | undefined;
  #view: ServiceView | undefined;
  #emitted: readonly SelectedAddress[] | undefined;
  /** Those of `#usage`. */
  #endpoints = new WeakMap<SelectedAddress, experimental.Endpoint>();
  /** Of the service that is, or was, followed. */
  #usage: TargetUsage | undefined;
  #diagnostics: ClientDiagnostics;
  /** The last list that was not empty, while the policy may still use it. */
  #policyAddresses: readonly SelectedAddress[] = [];
  #emittedConfig: ServiceConfig | null | undefined;
  /** The counts in the emitted text of an empty list, '' for other lists: a new revision alone is not emitted. */
  #emittedReason = '';
  /** The config from etcd; null when there is none, undefined while it is unknown. */
  #config: ServiceConfig | null | undefined;
  #unfollowConfig: (() => void) | undefined;
  #cancelConfigWait: (() => void) | undefined;
  #failure: EtcdError | undefined;
  /** Whether calls already fail because the first resolution takes too long: later failures are then emitted too. */
  #isOverdue = false;
  #cancelFirstTimer: (() => void) | undefined;

  constructor(
    context: ResolverContext,
    target: TargetUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    this.#context = context;
    this.#target = target;
    this.#listener = listener;
    this.#codec = channelCodec(options);
    this.#diagnostics = context.diagnostics;
    this.#userServiceConfig = options['grpc.service_config'];
  }

  /**
   * grpc-js calls it for every re-resolution. The watch is always current, so only the first call of a period has an effect.
   * It has the context of no caller: the channel outlives the call that begins the period.
   */
  updateResolution(): void {
    if (!this.#unsubscribe) inRootContext(() => this.#resolve());
  }

  #resolve(): void {
    const resolved = this.#context.resolveTarget(this.#target, this.#codec);
    const problem = 'error' in resolved ? resolved.error : this.#follow(resolved);
    if (problem === undefined) return;
    const pendingError = setImmediate(() => this.#emitError(problem));
    this.#unsubscribe = () => clearImmediate(pendingError);
  }

  /** Follows the service. Returns why that is not possible, such as a name that its codec does not accept. */
  #follow({ directory, service }: FollowedTarget): string | undefined {
    this.#service = service;
    try {
      this.#prefixes = prefixesOf(directory, service);
      this.#unsubscribe = directory.follow(toTarget(service), {
        onView: (view) => this.#onView(view),
        onFailure: (error) => this.#onFailure(error, directory),
      });
    } catch (error) {
      if (error instanceof EtcdError) return error.message;
      throw error;
    }
    this.#context.inUse.add(this);
    this.#countFrom(directory, service);
    this.#cancelFirstTimer = systemClock.setTimer(firstResolutionTimeoutMs, () => {
      this.#isOverdue = true;
      this.#emitFailure();
    });
    this.#followConfig(directory);
    return undefined;
  }

  #countFrom(directory: ServiceDirectory, service: string): void {
    const usage = usageOf(directory, service);
    usage.channels++;
    if (usage === this.#usage) return;
    this.#usage = usage;
    this.#diagnostics = diagnosticsOf(directory.client);
    this.#endpoints = new WeakMap();
  }

  #onView(view: ServiceView): void {
    const before = this.#view;
    this.#view = view;
    // An unconfirmed loss changes nothing, and must not delay the change that follows.
    if (!before || !isSameList(before.endpoints, view.endpoints) || hasOtherReason(before, view))
      this.#coalescer.request();
  }

  #onFailure(error: EtcdError, { client }: ServiceDirectory): void {
    this.#failure = error;
    if (error instanceof ClosedError)
      this.revoke(`its ${client.closed ? 'etcd client' : 'directory'} was closed`);
    else if (error.verdict === 'final' || this.#isOverdue) this.#emitFailure();
  }

  #followConfig({ client }: ServiceDirectory): void {
    const source = this.#userServiceConfig !== undefined ? undefined : this.#context.serviceConfigSource;
    if (!source) {
      this.#config = null;
      return;
    }
    this.#unfollowConfig = source.follow(client, this.#service, (config) => {
      this.#config = config;
      this.#coalescer.request();
    });
  }

  destroy(): void {
    if (this.#context.inUse.delete(this) && this.#usage) this.#usage.channels--;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#unfollowConfig?.();
    this.#unfollowConfig = undefined;
    this.#cancelFirstTimer?.();
    this.#cancelConfigWait?.();
    this.#cancelConfigWait = undefined;
    this.#coalescer.cancel();
    this.#view = undefined;
    this.#config = undefined;
    this.#emitted = undefined;
    this.#policyAddresses = [];
    this.#emittedConfig = undefined;
    this.#emittedReason = '';
    this.#failure = undefined;
    this.#isOverdue = false;
  }

  /** The registration has ended: calls fail with the reason from now on. */
  revoke(reason: string): void {
    if (!this.#unsubscribe) return;
    const previous = this.#policyAddresses;
    this.destroy();
    this.#emitEmpty(reason, previous);
  }

  #emit(): void {
    const view = this.#view;
    if (!view) return;
    this.#cancelFirstTimer?.();
    if (this.#waitsForConfig()) return;
    const selection = selectAddresses(view.endpoints, this.#context.selection);
    // The channel's own service config may name the weighted policy.
    const weighted = this.#userServiceConfig !== undefined || usesWeights(this.#policy());
    const sameConfig = this.#emittedConfig === this.#config;
    const emptyReason =
      selection.addresses.length === 0 ? `${selection.filtered} ${unusableCount(view, selection)}` : '';
    const sameReason = emptyReason === this.#emittedReason;
    if (
      this.#emitted &&
      sameConfig &&
      sameReason &&
      isSameSelection(this.#emitted, selection.addresses, weighted)
    )
      return;
    this.#emitted = selection.addresses;
    this.#emittedConfig = this.#config;
    this.#emittedReason = emptyReason;
    if (selection.addresses.length === 0)
      this.#emitEmpty(emptyServiceReason(view, selection, this.#prefixes), this.#policyAddresses);
    else this.#emitEndpoints(selection.addresses);
  }

  /** Whether to wait for the config: otherwise the first calls would not follow the rules of those a moment later. */
  #waitsForConfig(): boolean {
    if (this.#config !== undefined) return false;
    this.#cancelConfigWait ??= systemClock.setTimer(configWaitMs, () => {
      this.#config ??= null;
      this.#coalescer.request();
    });
    return true;
  }

  #emitEndpoints(addresses: readonly SelectedAddress[]): void {
    if (this.#countUpdate())
      this.#publish({ type: 'endpoints', ...this.#identity, endpoints: addresses.length });
    this.#emitAddresses(addresses);
  }

  #emitAddresses(addresses: readonly SelectedAddress[], note = ''): void {
    const endpoints = addresses.map((address) => this.#endpointOf(address));
    this.#policyAddresses = addresses;
    this.#callListener(experimental.statusOrFromValue(endpoints), note);
  }

  /** The same object for the same address: a policy need not look at it again. */
  #endpointOf(selected: SelectedAddress): experimental.Endpoint {
    const known = this.#endpoints.get(selected);
    if (known) return known;
    const address = withConnectTimeout(selected.address, this.#context.connectTimeoutMs);
    const endpoint = { addresses: [address] };
    const counted = this.#usage && { counts: this.#usage.picks, name: textOf(selected) };
    setInfo(endpoint, { traits: selected.traits, counted });
    this.#endpoints.set(selected, endpoint);
    return endpoint;
  }

  /**
   * An error makes calls fail with its text, but a policy ignores errors while it has endpoints. So an empty list with the
   * text as its note comes first: it makes the calls that wait for a connection fail immediately, and grpc-js's policies
   * put the note into their message.
   */
  #emitEmpty(text: string, previous: readonly SelectedAddress[]): void {
    if (previous.length > 0) {
      // Workaround (grpc-js 1.14.7; no public issue found, `updateAddressList` of load-balancer-pick-first.ts):
      // pick_first fails the calls before it stores the note, so the note comes one update earlier. Remove when it
      // stores it first.
      if (this.#usesPickFirst()) this.#emitAddresses(previous, text);
      this.#emitAddresses([], text);
    }
    this.#emitError(text);
  }

  #emitFailure(): void {
    if (this.#emitted) return;
    this.#emitError(unresolvedReason(this.#prefixes, this.#failure));
  }

  #emitError(text: string): void {
    const details = escapeControls(text);
    if (this.#countUpdate()) this.#publish({ type: 'unavailable', ...this.#identity, text: details });
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    this.#callListener(experimental.statusOrFromError(error));
  }

  /** Returns whether the update is to be published. */
  #countUpdate(): boolean {
    if (this.#usage) this.#usage.updates++;
    return this.#diagnostics.wants(resolverTopic);
  }

  #publish(event: ResolverDiagnostics): void {
    this.#diagnostics.publish(resolverTopic, event);
  }

  /** The service; the path of a target that names none. */
  get #identity(): ServiceIdentity {
    return this.#usage?.identity ?? { target: this.#target.path };
  }

  #policy(): ServiceConfig['loadBalancingConfig'] {
    return this.#config?.loadBalancingConfig ?? this.#context.policy;
  }

  #usesPickFirst(): boolean {
    const policies =
      this.#userServiceConfig === undefined ? this.#policy() : policiesIn(this.#userServiceConfig);
    return experimental.selectLbConfigFromList(policies, true)?.getLoadBalancerName() === 'pick_first';
  }

  /**
   * Every update carries the policy, even an error: without it grpc-js would switch to its default policy. There are no
   * attributes: they would be part of every subchannel's identity, and a change would reconnect all of them.
   */
  #callListener(result: Parameters<experimental.ResolverListener>[0], note = ''): void {
    const ownConfig = this.#config ?? { loadBalancingConfig: this.#policy(), methodConfig: [] };
    const config = this.#userServiceConfig === undefined ? experimental.statusOrFromValue(ownConfig) : null;
    this.#listener(result, {}, config, note);
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => one === b[i]));
}

/** The policies of a channel's own service config, which grpc-js checked when the channel was made. */
function policiesIn(serviceConfig: string): ServiceConfig['loadBalancingConfig'] {
  const { loadBalancingConfig = [] } = JSON.parse(serviceConfig || '{}') as Partial<ServiceConfig>;
  return loadBalancingConfig;
}

/** Whether a service is still empty, but for another reason. */
function hasOtherReason(before: ServiceView, after: ServiceView): boolean {
  return after.endpoints.length === 0 && before.invalid.size !== after.invalid.size;
}
