export { type AdvertiseOptions, advertiseAddress } from './advertise.js';
export type { OnConflict } from './core/index.js';
export { addressId, registrationId } from './default-id.js';
export { checkDrain } from './drain.js';
export { type RegisterOptions, registerChecks, registerTexts } from './options.js';
export { register } from './register.js';
export type {
  DrainOptions,
  Registration,
  RegistrationEnd,
  RegistrationEvent,
  RegistrationState,
  UpdateOptions,
} from './types.js';
