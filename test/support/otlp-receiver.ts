import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { PbfReader } from 'pbf';

type Value = string | number | boolean;

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** Empty: it is the first of its trace. */
  parentId: string;
  traceState: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | undefined;
  attributes: Record<string, Value>;
  /** The ids of spans that it points at. */
  links: string[];
  isFailed: boolean;
  /** What is said of the process that made it. */
  resource: Record<string, Value>;
}

const KINDS = [undefined, 'internal', 'server', 'client'] as const;
const FAILED = 2;

/** A collector that keeps what it gets. */
export interface OtlpReceiver extends AsyncDisposable {
  url: string;
  spans: ReceivedSpan[];
  /** All that came, as it came. */
  bytes: Buffer[];
  headers: IncomingHttpHeaders[];
}

/** Takes OTLP over HTTP, in protobuf. */
export async function openOtlpReceiver(): Promise<OtlpReceiver> {
  const received = { spans: [] as ReceivedSpan[], bytes: [] as Buffer[] };
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const isOtlp = request.headers['content-type'] === 'application/x-protobuf';
      if (request.url !== '/v1/traces' || !isOtlp) return response.writeHead(404).end();
      received.bytes.push(body);
      headers.push(request.headers);
      received.spans.push(...readSpans(body));
      return response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...received,
    headers,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The spans of one trace, each with what it is in: `POST … > runtime.up > browser.take`. */
export function pathsOf(spans: readonly ReceivedSpan[], traceId: string): string[] {
  const ofTrace = new Map(
    spans.filter((span) => span.traceId === traceId).map((span) => [span.spanId, span]),
  );
  const pathTo = ({ name, parentId }: ReceivedSpan): string => {
    const parent = ofTrace.get(parentId);
    return parent ? `${pathTo(parent)} > ${name}` : name;
  };
  return [...ofTrace.values()].map(pathTo).toSorted();
}

function readSpans(body: Uint8Array): ReceivedSpan[] {
  const spans: ReceivedSpan[] = [];
  const inScope =
    (resource: Record<string, Value>) => (tag: number, _: unknown, pbf: PbfReader) => {
      if (tag === 2) spans.push({ ...pbf.readMessage(readSpan, emptySpan()), resource });
    };
  const inResource = (tag: number, resource: Record<string, Value>, pbf: PbfReader) => {
    // The resource comes before its spans.
    if (tag === 1) pbf.readMessage(readAttributesAt(1), resource);
    if (tag === 2) pbf.readMessage(inScope(resource), undefined);
  };
  new PbfReader(body).readFields((tag, _, pbf) => {
    if (tag === 1) pbf.readMessage(inResource, {});
  }, undefined);
  return spans;
}

function emptySpan(): ReceivedSpan {
  const ids = { traceId: '', spanId: '', parentId: '', traceState: '' };
  return {
    ...ids,
    name: '',
    kind: undefined,
    attributes: {},
    links: [],
    isFailed: false,
    resource: {},
  };
}

function readSpan(tag: number, span: ReceivedSpan, pbf: PbfReader): void {
  if (tag === 1) span.traceId = idOf(pbf);
  if (tag === 2) span.spanId = idOf(pbf);
  if (tag === 3) span.traceState = pbf.readString();
  if (tag === 4) span.parentId = idOf(pbf);
  if (tag === 5) span.name = pbf.readString();
  if (tag === 6) span.kind = KINDS[pbf.readVarint()];
  if (tag === 9) readAttribute(span.attributes, pbf);
  if (tag === 13) {
    pbf.readMessage((inLink) => inLink === 2 && span.links.push(idOf(pbf)), undefined);
  }
  if (tag === 15) {
    pbf.readMessage((inStatus) => {
      if (inStatus === 3) span.isFailed = pbf.readVarint() === FAILED;
    }, undefined);
  }
}

function readAttributesAt(at: number) {
  return (tag: number, attributes: Record<string, Value>, pbf: PbfReader) => {
    if (tag === at) readAttribute(attributes, pbf);
  };
}

function readAttribute(attributes: Record<string, Value>, pbf: PbfReader): void {
  let name = '';
  pbf.readMessage((tag) => {
    if (tag === 1) name = pbf.readString();
    if (tag === 2) {
      pbf.readMessage((kind) => {
        if (kind === 1) attributes[name] = pbf.readString();
        if (kind === 2) attributes[name] = pbf.readBoolean();
        if (kind === 3) attributes[name] = pbf.readVarint();
        if (kind === 4) attributes[name] = pbf.readDouble();
      }, undefined);
    }
  }, undefined);
}

function idOf(pbf: PbfReader): string {
  return Buffer.from(pbf.readBytes()).toString('hex');
}
