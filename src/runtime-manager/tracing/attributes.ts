/**
 * All that spans may tell. Nothing of it is a customer's text or secret: ids, codes, numbers, and
 * names that the service itself has. Names are those of the semantic conventions where there are any:
 * https://opentelemetry.io/docs/specs/semconv/
 */
export const ATTRIBUTES = {
  'http.request.method': 'string',
  'http.response.status_code': 'number',
  'http.route': 'string',
  'url.path': 'string',
  'url.scheme': 'string',
  'rpc.system.name': 'string',
  'rpc.method': 'string',
  'error.type': 'string',
  'bctrl.organization.id': 'string',
  'bctrl.workspace.id': 'string',
  'bctrl.runtime.id': 'string',
  'bctrl.node.id': 'string',
  'bctrl.extension.id': 'string',
  'bctrl.operation.id': 'string',
  'bctrl.operation.step': 'number',
  'bctrl.operation.call': 'string',
  'bctrl.launch.ahead': 'boolean',
} as const;

type Kinds = typeof ATTRIBUTES;
type Values = { string: string; number: number; boolean: boolean };

/** What a span tells; undefined is left out. */
export type Attributes = {
  readonly [Name in keyof Kinds]?: Values[Kinds[Name]] | undefined;
};

const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(ATTRIBUTES));

/** Leaves out what is not on the list, which the compiler does not notice in every object. */
export function allowed(given: Attributes): Record<string, string | number | boolean> {
  const told: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && typeof value === KINDS.get(name)) told[name] = value;
  }
  return told;
}

/** Whose runtime a span is about. */
export function idsOf(runtime: {
  id: string;
  organizationId: string;
  workspaceId: string;
  nodeId: string;
}): Attributes {
  return {
    'bctrl.organization.id': runtime.organizationId,
    'bctrl.workspace.id': runtime.workspaceId,
    'bctrl.runtime.id': runtime.id,
    'bctrl.node.id': runtime.nodeId,
  };
}
