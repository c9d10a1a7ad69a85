export {
  addressProblem,
  type ParsedAddress,
  parseAddress,
} from './address/index.js';
export type { EncodedRecord, EndpointCodec, RecordPlace } from './codec/endpoint-codec.js';
export { recordFormat } from './codec/format-of.js';
export { decodeEndpoint, encodeEndpoint } from './codec/go-codec.js';
export { goEndpoints } from './codec/go-endpoints.js';
export type { DecodedEndpoint, NoEndpoint, RecordFormat } from './codec/record-format.js';
export {
  type Departure,
  type DepartureCircumstances,
  type DirectoryOptions,
  fileSnapshotStore,
  type LossProtectionOptions,
  leaseLookupsOf,
  type MemoryOptions,
  type ReadyOptions,
  reasonByLease,
  reasonWithoutLease,
  ServiceDirectory,
  type ServiceStatus,
  type ServiceSubscriber,
  type ServiceView,
  type SnapshotStore,
} from './directory/index.js';
export type { Endpoint, EndpointRecord, JsonValue } from './endpoint.js';
export {
  type AddEndpointOptions,
  EndpointManager,
  type ListEndpointsOptions,
  type ManagerCallOptions,
  type ManagerOptions,
} from './endpoint-manager.js';
export type { EndpointOp } from './endpoint-ops.js';
export type { EndpointEvent } from './endpoint-set.js';
export { ConflictError, EndpointDecodeError, NamingError } from './errors.js';
export { ExpiringCache } from './expiring-cache.js';
export { isRounded } from './json/exact-digits.js';
export { sameJson } from './json/same-json.js';
export type { NamingClient } from './ports.js';
export {
  type AdvertiseOptions,
  addressId,
  advertiseAddress,
  type DrainOptions,
  type OnConflict,
  type RegisterOptions,
  type Registration,
  type RegistrationEnd,
  type RegistrationEvent,
  type RegistrationState,
  register,
  registrationId,
  type UpdateOptions,
} from './register/index.js';
export { parseTarget } from './target/index.js';
