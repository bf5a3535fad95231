/**
 * Answers whether a variable name matches any of the patterns: `*` stands for any run of characters, `?` for exactly
 * one, everything else for itself without regard to case. A pattern covers the whole name, and there are no escapes.
 */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const folded = patterns.map(fold)
  return name => {
    const characters = fold(name)
    return folded.some(pattern => matches(pattern, characters))
  }
}

/** Characters in lower case, one by one, so that what surrounds a character does not change it. */
function fold(text: string): string[] {
  return Array.from(text, character => character.toLowerCase())
}

/**
 * Only the latest `*` ever has to take in more, because an earlier one could only move the rest further right. That
 * bounds the work by name length times pattern length, whatever the pattern.
 */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let inPattern = 0
  let inName = 0
  let afterStar = -1
  let starEnd = 0
  while (inName < name.length) {
    const expected = pattern[inPattern]
    if (expected === '*') {
      afterStar = ++inPattern
      starEnd = inName
    } else if (expected === '?' || expected === name[inName]) {
      inPattern++
      inName++
    } else if (afterStar >= 0) {
      inPattern = afterStar
      inName = ++starEnd
    } else {
      return false
    }
  }
  return pattern.slice(inPattern).every(rest => rest === '*')
}
