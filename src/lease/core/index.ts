export { heldUntil, LeaseCore, type LeaseEffect, type LeaseInput } from './lease-core.js';
