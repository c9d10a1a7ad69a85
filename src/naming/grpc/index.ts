export { type Dial, type DialOptions, dial } from './dial.js';
export { type ResolverOptions, registerEtcdResolver } from './register.js';
export { type RegisterServerOptions, registerServer } from './register-server.js';
export type { HealthReporter } from './server-health.js';
export type { ServiceConfigOptions } from './service-configs.js';
