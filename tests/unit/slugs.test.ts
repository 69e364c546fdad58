import { describe, expect, test } from 'bun:test';
import { slugify, slugLengthMax } from '../../src/domain/slugs.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe('slugs', () => {
  test.each([
    ['Acme', 'acme'],
    ['Acme, Inc.', 'acme-inc'],
    ['  spaced   out  ', 'spaced-out'],
    ['Überraschung & Söhne GmbH', 'uberraschung-sohne-gmbh'],
    ['Straße Łódź Ærø', 'strasse-lodz-aero'],
    ["O'Brien’s", 'obriens'],
    ['İstanbul', 'istanbul'],
    ['42', '42'],
    ['--a--b--', 'a-b'],
    ['ﬁne № ①', 'fine-no-1'],
    ['日本', 'project'],
    ['', 'project'],
    ['!!!', 'project'],
  ])('of %j is %s', (name, slug) => {
    expect(slugify(name, 'project')).toBe(slug);
  });

  test('do not end in a dash when they are cut', () => {
    const slug = slugify(`${'a'.repeat(slugLengthMax - 1)} b`, 'project');
    expect(slug).toBe('a'.repeat(slugLengthMax - 1));
    expect(slugify('x'.repeat(500), 'project')).toHaveLength(slugLengthMax);
  });

  test('always have the form that URLs need (seeded)', () => {
    const random = seededRandom(11);
    for (let run = 0; run < 5000; run += 1) {
      const name = Array.from({ length: random.below(90) }, () =>
        String.fromCharCode(
          random.pick([random.below(128), random.below(0x500), random.below(65536)]),
        ),
      ).join('');
      const slug = slugify(name, 'project');
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(slug.length).toBeLessThanOrEqual(slugLengthMax);
      expect(slugify(slug, 'project')).toBe(slug);
    }
  });
});
