import { readFileSync } from 'node:fs'
import manifest from '../../package.json' with { type: 'json' }

/** Version of the program, as published. */
export const { version } = manifest

/** The commit an image was built from, which its build leaves in a file beside the manifest. */
export function revision(): string {
  try {
    return readFileSync(new URL('../../REVISION', import.meta.url), 'utf8').trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}
