import { z } from 'zod';
import { ApiError } from '../http/errors.ts';
import { bodySchemaOf, parametersOf, type Operation } from './operation.ts';
import { BODY } from './operation-input.ts';

export interface OperationRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Where an operation is. */
export interface PlacedOperation {
  method: string;
  /** As the document has it: `/v1/workspaces/{id}`. */
  path: string;
  operation: Operation;
}

const Segment = z.union([z.string(), z.number()]).transform(String);

/** The request that a call of a tool means. Throws `request.invalid` for what cannot be one. */
export function requestOf(
  { method, path, operation }: PlacedOperation,
  args: Record<string, unknown>,
): OperationRequest {
  const rest = new Map(Object.entries(args));
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let filled = path;
  for (const { name, argument, in: place } of parametersOf(operation)) {
    const value = rest.get(argument);
    rest.delete(argument);
    if (place === 'path') filled = filled.replace(`{${name}}`, () => segmentOf(argument, value));
    else if (value === undefined) continue;
    else if (place === 'header') headers[name] = headerOf(argument, value);
    else query.set(name, textOf(value));
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return { method, path: filled + search, headers, body: bodyOf(operation, rest) };
}

function bodyOf(operation: Operation, rest: Map<string, unknown>): string | undefined {
  const fields = Object.fromEntries(rest);
  if (bodySchemaOf(operation)) return JSON.stringify(fields[BODY] ?? fields);
  const [unknown] = rest.keys();
  if (unknown !== undefined) throw invalid(unknown, 'Unknown argument');
  return undefined;
}

/** A segment that is empty or dots would be another path. */
function segmentOf(name: string, value: unknown): string {
  const { data } = Segment.safeParse(value);
  if (data === undefined) throw invalid(name, value === undefined ? 'Missing' : 'Must be a string');
  if (/^\.{0,2}$/.test(data) || !data.isWellFormed()) throw invalid(name, 'Is no name');
  return encodeURIComponent(data);
}

/** A header has no other characters; what else it may have is for the operation to say. */
function headerOf(name: string, value: unknown): string {
  const text = textOf(value);
  if (!/^[ -~]*$/.test(text)) throw invalid(name, 'Has characters that are not printable ASCII');
  return text;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function invalid(path: string, message: string): ApiError {
  return new ApiError('request.invalid', `The arguments are not valid: ${path}: ${message}`, {
    details: { issues: [{ in: 'arguments', path, message }] },
  });
}
