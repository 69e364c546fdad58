/**
 * The API's description for people (/swagger) and programs (/swagger/json). Everything comes from
 * here, for hosts without internet; no inline script or style, so that a strict policy holds.
 */
import { Elysia } from 'elysia';
import stylePath from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' };
import bundlePath from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' };
import type { JsonObject } from './api/description.ts';
import type { AssetSource, Assets } from './assets.ts';

/** `data:` for the pictures in Swagger UI's own style sheet. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `validatorUrl: null`: Swagger UI would show the document to a validator on the internet. */
const startScript = `SwaggerUIBundle({
  url: '/swagger/json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;
const pageStyle = 'body { margin: 0; background: #fafafa; }\n';

export const swaggerAssets: readonly AssetSource[] = [
  { name: 'swagger-ui.js', contentType: 'text/javascript; charset=utf-8', path: bundlePath },
  { name: 'swagger-ui.css', contentType: 'text/css; charset=utf-8', path: stylePath },
  { name: 'swagger-start.js', contentType: 'text/javascript; charset=utf-8', text: startScript },
  { name: 'swagger-page.css', contentType: 'text/css; charset=utf-8', text: pageStyle },
];

/** @param assets hold swaggerAssets */
export function swaggerRoutes(document: JsonObject, assets: Assets) {
  const text = JSON.stringify(document);
  return new Elysia()
    .get('/swagger', async () => {
      const [script, start, style, own] = await Promise.all(
        ['swagger-ui.js', 'swagger-start.js', 'swagger-ui.css', 'swagger-page.css'].map(
          assets.urlOf,
        ),
      );
      const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>opsforge API</title>
<link rel="stylesheet" href="${style}">
<link rel="stylesheet" href="${own}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${script}"></script>
<script src="${start}"></script>
</body>
</html>
`;
      return new Response(page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': contentSecurityPolicy,
          'x-frame-options': 'DENY',
        },
      });
    })
    .get(
      '/swagger/json',
      () => new Response(text, { headers: { 'content-type': 'application/json' } }),
    );
}
