import type { IncomingMessage } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Actor, Runtime } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from './errors.ts';
import type { Handshake } from './handshake.ts';
import { toIssues } from './request-issues.ts';

/** Who asks. */
export interface ApiActor extends Actor {
  /** Of the API key it asks with. */
  keyId: string;
}

/** What comes with a request. */
export interface ApiBindings {
  incoming: IncomingMessage;
  /** Of a request that asks for a websocket. */
  handshake?: Handshake;
}

/** What middleware leaves for handlers. */
export interface ApiEnv {
  Bindings: ApiBindings;
  Variables: {
    requestId: string;
    /** By `performance.now()`. */
    arrivedAt: number;
    log: Logger;
    actor: ApiActor;
    /** The request is carried out even if its client hangs up: it will come back for the answer. */
    outlivesClient: boolean | undefined;
    /** The one that a request is for, where middleware looked it up. */
    runtime: Runtime;
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

function invalid(target: string, found: z.core.$ZodIssue[]): ApiError {
  const issues = found.flatMap((issue) => toIssues(target === 'json' ? 'body' : target, issue));
  const first = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message))[0];
  return new ApiError('request.invalid', `The request is not valid: ${first}`, {
    details: { issues },
  });
}
