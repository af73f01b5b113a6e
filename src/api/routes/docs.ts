import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';

const ASSETS = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>bctrl API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script>
      // What "Authorize" takes is sent as this header, so that no operation has to ask for the header too.
      const isAuthorization = ({ name, in: place }) => place === 'header' && name === 'Authorization';
      const withoutAuthorization = (reference) => {
        for (const operation of Object.values(reference.paths ?? {}).flatMap(Object.values)) {
          const { parameters } = operation;
          if (parameters) operation.parameters = parameters.filter((one) => !isAuthorization(one));
        }
        return reference;
      };
      const AuthorizedOnce = () => ({
        statePlugins: {
          spec: { wrapActions: { updateJsonSpec: (update) => (reference) => update(withoutAuthorization(reference)) } },
        },
      });
      SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true,
        defaultModelsExpandDepth: 0, showExtensions: true, persistAuthorization: true, tryItOutEnabled: true,
        plugins: [AuthorizedOnce] });
    </script>
  </body>
</html>
`;

/** Serves the API reference for people: Swagger UI over /openapi.json, from files of our own. */
export function docsRoutes() {
  const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return new Hono()
    .get('/docs', (c) => {
      // Whoever is signed in to the console can try operations out here.
      c.header('content-security-policy', "frame-ancestors 'none'");
      return c.html(PAGE);
    })
    .get('/docs/:asset', async (c) => {
      const asset = c.req.param('asset');
      const type = ASSETS.get(asset);
      if (type === undefined) return c.notFound();
      const content = await readFile(join(directory, asset));
      return c.body(content, 200, { 'content-type': type, 'cache-control': 'max-age=3600' });
    });
}
