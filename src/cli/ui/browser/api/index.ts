export { ApiFailure, type FailureCode } from './api-failure.js';
export { call } from './call.js';
export {
  beginSession,
  endSession,
  openSession,
  resumeSession,
  type SessionState,
  sessionState,
  sessionToken,
} from './session.js';
