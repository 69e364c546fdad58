/**
 * Pages go out gzipped to who takes that: a list of 50 rows is 60 KB of HTML, and 8 KB as sent.
 * Only whole HTML of ours, which is text in memory; streams and files are left as they are.
 */
/** Below it the answer fits into one packet in any case. */
const bytesMin = 1_024;

export async function compressPage(request: Request, answer: Response): Promise<Response> {
  const { headers, status } = answer;
  const isPage = headers.get('content-type')?.startsWith('text/html') ?? false;
  const takesGzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  if (!isPage || !takesGzip || headers.has('content-encoding')) return answer;
  const bytes = await answer.arrayBuffer();
  const packed = new Headers(headers);
  packed.append('vary', 'accept-encoding');
  if (bytes.byteLength < bytesMin) return new Response(bytes, { status, headers: packed });
  packed.set('content-encoding', 'gzip');
  packed.delete('content-length');
  return new Response(Bun.gzipSync(bytes), { status, headers: packed });
}
