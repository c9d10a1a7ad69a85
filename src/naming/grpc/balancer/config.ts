import type { experimental } from '@grpc/grpc-js';
import { type BalanceOptions, checkBalance } from '../../balance/index.js';

/** The policy's name in a service config: `{ loadBalancingConfig: [{ etcd_weighted: { zone: 'a', slowStartMs: 30000 } }] }`. */
export const policyName = 'etcd_weighted';

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
