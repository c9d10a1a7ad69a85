import type { experimental } from '@grpc/grpc-js';
import { type BalanceOptions, checkBalance } from '../../balance/index.js';

/** The policy's name in a service config: `{ loadBalancingConfig: [{ etcd_weighted: { zone: 'a', slowStartMs: 30000 } }] }`. */
export const policyName = 'etcd_weighted';

/**
 * Whether one of the policies is the weighted one, or contains it, as outlier detection does in grpc-js's form. The
 * configs of policies that grpc-js does not know may be any JSON, at any depth.
 */
export function usesWeights(policies: readonly unknown[]): boolean {
  const found = [...policies];
  for (const policy of found) {
    for (const [name, config] of Object.entries(policy ?? {})) {
      if (name === policyName) return true;
      const children: unknown = (config as { readonly child_policy?: unknown } | null)?.child_policy;
      if (Array.isArray(children)) for (const child of children) found.push(child);
    }
  }
  return false;
}

export class EtcdBalancerConfig implements experimental.TypedLoadBalancingConfig {
  readonly options: BalanceOptions;

  constructor(options: BalanceOptions) {
    this.options = options;
  }

  /** Unknown fields are ignored, since a later version may define them; invalid values are rejected. */
  static createFromJson(json: unknown): EtcdBalancerConfig {
    const { zone, slowStartMs, firstCallWaitMs } = (json ?? {}) as BalanceOptions;
    const options = { zone, slowStartMs, firstCallWaitMs };
    checkBalance(options, policyName);
    return new EtcdBalancerConfig(options);
  }

  getLoadBalancerName(): string {
    return policyName;
  }

  toJsonObject(): object {
    return { [policyName]: this.options };
  }
}
