export { Claim, type OnConflict } from './claim.js';
export { retryBackoff as retryPauses } from './context.js';
export type {
  CallKey,
  KeyState,
  RegistrationEffect,
  RegistrationInput,
  RequestKey,
  WriteResult,
} from './protocol.js';
export { RegistrationCore } from './registration-core.js';
