import type { experimental, ServiceConfig } from '@grpc/grpc-js';
import { type BalanceOptions, checkBalance } from '../../balance/index.js';

/** The policy's name in a service config: `{ loadBalancingConfig: [{ etcd_weighted: { zone: 'a', slowStartMs: 30000 } }] }`. */
export const policyName = 'etcd_weighted';

/** Whether one of the policies is the weighted one, or contains it, as outlier detection does in grpc-js's form. */
export function usesWeights(policies: ServiceConfig['loadBalancingConfig']): boolean {
  return policies.some((policy) =>
    Object.entries(policy).some(([name, config]) => {
      const { child_policy: children } = config as { readonly child_policy?: typeof policies };
      return name === policyName || (Array.isArray(children) && usesWeights(children));
    }),
  );
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
