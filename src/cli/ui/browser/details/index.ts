export { EndpointDetails } from './endpoint-details.js';
