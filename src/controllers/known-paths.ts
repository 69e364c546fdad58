/** Which methods a path has, for the one case that the router does not tell apart: 405 or 404. */
type Route = { method: string; path: string };

/** The methods of `path`, none when nothing stands there. Asked only when nothing matched. */
export function createKnownPaths(routes: readonly Route[]): (path: string) => string[] {
  const known = routes.map(({ method, path }) => ({ method, matches: matcher(path) }));
  return (path) => {
    const methods = known.filter(({ matches }) => matches(path)).map(({ method }) => method);
    // The server answers HEAD wherever there is a GET.
    return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)))];
  };
}

function matcher(pattern: string): (path: string) => boolean {
  const wanted = segmentsOf(pattern);
  return (path) => {
    const given = segmentsOf(path);
    if (given.length !== wanted.length) return false;
    return wanted.every((segment, index) =>
      segment.startsWith(':') ? given[index] !== '' : segment === given[index],
    );
  };
}

/** A slash at the end is nothing, as for the router. */
function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/');
}
