export { type ChannelTarget, type ChannelTargetOptions, channelTarget } from './channel-target.js';
export type {
  FailurePercentageOptions,
  OutlierDetectionOptions,
  SuccessRateOptions,
} from './resolver/outlier-detection.js';
export { type ResolverOptions, registerEtcdResolver } from './resolver/register-resolver.js';
export type { ServiceConfigOptions } from './resolver/service-config-source.js';
export type { HealthReporter } from './server/health.js';
export { type RegisterServerOptions, registerServer } from './server/register-server.js';
