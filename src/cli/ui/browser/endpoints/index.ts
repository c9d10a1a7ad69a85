export { EndpointsView } from './endpoints-view.js';
