/** What the thread that delivers loads of the core: the door of the whole core would load all of it. */
export { EgressRefusal } from '../egress/egress-errors.ts';
export { Dispatcher } from './dispatcher.ts';
export { Sender } from './sender.ts';
