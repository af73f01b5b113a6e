/** The spans of what the service does within a process; docs/tracing.md says what each is. */
export const SPAN_NAMES = [
  'runtime.place',
  'runtime.queue',
  'runtime.up',
  'runtime.admission',
  'runtime.insert',
  'runtime.record',
  'runtime.stop',
  'browser.take',
  'browser.launch',
  'browser.first_page',
  'browser.close',
  'proxy.check',
  'companions.attach',
  'extension.unpack',
  'extension.load',
  'profile.unpack',
  'profile.save',
  'operation.run',
  'operation.step',
] as const;
export type SpanName = (typeof SPAN_NAMES)[number];

/** A span where a request leaves a process or comes to one; its name has nothing of a customer's. */
export interface EdgeSpan {
  kind: 'client' | 'server';
  name: string;
}

/** The system of https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/ that nodes speak. */
const RPC_SYSTEM = 'bctrl';

/** What one process asks of another one: of a certain node, or as a job of any. */
export function callOf(kind: EdgeSpan['kind'], service: 'node' | 'job', verb: string) {
  const method = `bctrl.${service}/${verb}`;
  const attributes = { 'rpc.system.name': RPC_SYSTEM, 'rpc.method': method } as const;
  return { span: { kind, name: method }, attributes };
}
