export type {
  CallKey,
  RegistrationEffect,
  RegistrationInput,
  RequestKey,
  WriteResult,
} from './protocol.js';
export { Claim, type OnConflict } from './record/claim.js';
export { RegistrationCore } from './registration-core.js';
