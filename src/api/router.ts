import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Actor } from '../runtime-manager/index.ts';
import { ApiError } from './errors.ts';

/** Who asks; an admin may also look after the service itself. */
export interface ApiActor extends Actor {
  isAdmin: boolean;
}

/** What middleware leaves for handlers. */
export interface ApiEnv {
  Variables: {
    requestId: string;
    /** By `performance.now()`. */
    arrivedAt: number;
    log: Logger;
    actor: ApiActor;
    /** The request is carried out even if its client hangs up: it will come back for the answer. */
    outlivesClient: boolean | undefined;
    /** Named in the request's log line. */
    runtimeId: string | undefined;
    /** Answers errors also in the form that clients of WebDriver read. */
    webdriver: boolean | undefined;
  };
}

/** The one way to make a router: what a schema refuses is always a 400 with its issues. */
export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.target, result.error.issues);
    },
  });
}

export interface RequestIssue {
  /** The part of the request: `json` is its body. */
  in: string;
  /** The field, its parts joined by dots; empty for the whole. */
  path: string;
  message: string;
}

function invalid(target: string, found: z.core.$ZodIssue[]): ApiError {
  const issues = found.flatMap((issue) => toIssues(target === 'json' ? 'body' : target, issue));
  const first = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message))[0];
  return new ApiError('request.invalid', `The request is not valid: ${first}`, {
    details: { issues },
  });
}

/** Fields nobody knows are reported each under its own path, not under that of their parent. */
function toIssues(part: string, issue: z.core.$ZodIssue): RequestIssue[] {
  const at = (path: PropertyKey[], message: string) => ({
    in: part,
    path: path.map(String).join('.'),
    message,
  });
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...issue.path, key], 'There is no such field'));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return issue.errors
      .flatMap((issues) => issues)
      .flatMap((inner) => toIssues(part, { ...inner, path: [...issue.path, ...inner.path] }));
  }
  return [at(issue.path, issue.message)];
}
