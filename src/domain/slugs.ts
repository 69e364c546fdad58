/**
 * Slugs of tenants and projects: they stand in URLs, so lower-case ASCII, digits and dashes only.
 */

/** The length of a DNS label, so that a slug may become a host name. */
export const slugLengthMax = 63;

/** Letters that Unicode does not take apart into a base letter and a mark. */
const spelledOut: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/**
 * `fallback` (itself a slug) is used when nothing of the name is left, as for a name in Chinese.
 */
export function slugify(name: string, fallback: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøđðłþı]/g, (letter) => spelledOut[letter] ?? '')
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, slugLengthMax)
    .replace(/-$/, '');
  return slug === '' ? fallback : slug;
}

/** `name`, `name-2` … `name-100`: more of one name should choose another. */
const slugCandidatesMax = 100;

/** Whether a text of an address is worth asking the database, which takes no U+0000. */
export function mayBeSlug(text: string): boolean {
  return text.length <= slugLengthMax && !text.includes('\0');
}

/** The slugs that a name may have, the nicest first. */
export function slugCandidates(name: string, fallback: string): string[] {
  const slug = slugify(name, fallback);
  return Array.from({ length: slugCandidatesMax }, (_, index) => {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    return slug.slice(0, slugLengthMax - suffix.length) + suffix;
  });
}
