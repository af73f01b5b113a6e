import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { INERT } from '../http/file-content.ts';
import { limitedBody } from '../middleware/limit-body.ts';

const BEARER = /^Bearer (\S+)$/i;

/**
 * What a runtime's browser has downloaded, for a viewer who may drive it: the token of the view is
 * the credential, and the page knows the name.
 */
export function liveFileRoutes({ runtimes: { access } }: { runtimes: RuntimeManager }) {
  return createRouter().get('/embed/live/:runtimeId/files/:fileId', async (c) => {
    const [, token = ''] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
    const ticket = access.readView(token, c.req.param('runtimeId'));
    c.set('runtimeId', ticket.runtimeId);
    const content = await access.answer(ticket, {
      method: 'GET',
      path: `/files/${c.req.param('fileId')}`,
      base: '',
      body: limitedBody(c.env.incoming, 0),
      gone: c.req.raw.signal,
      requestId: c.var.requestId,
    });
    const headers = { ...INERT, 'content-disposition': 'attachment', 'cache-control': 'no-store' };
    for (const [name, value] of Object.entries(headers)) content.headers.set(name, value);
    return content;
  });
}
