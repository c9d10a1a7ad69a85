export { type AdvertiseOptions, advertiseAddress } from './advertise.js';
export type { OnConflict } from './claim.js';
export { checkDrain } from './drain.js';
export { type RegisterOptions, register } from './register.js';
export type {
  DrainOptions,
  Registration,
  RegistrationEnd,
  RegistrationEvent,
  RegistrationState,
} from './types.js';
