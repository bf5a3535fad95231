/** Stands in a JavaScript string for bytes that are not UTF-8. */
const replacementCharacter = '\ufffd'

/**
 * What a child may inherit of the gateway's own environment. Left out are the gateway's settings, the credentials of
 * its telemetry, what npm adds when it runs the gateway as a script, and variables that are not valid UTF-8: Node has
 * replaced their bytes, and a mangled value is worse than none.
 */
export function inheritableEnvironment(environment: NodeJS.ProcessEnv): Map<string, string> {
  const inheritable = new Map<string, string>()
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !isMangled(name, value) && !isPrivate(name)) inheritable.set(name, value)
  }
  if (environment['npm_lifecycle_event'] !== undefined) removeNpmAdditions(inheritable)
  return inheritable
}

function isMangled(name: string, value: string): boolean {
  return name.includes(replacementCharacter) || value.includes(replacementCharacter)
}

function isPrivate(name: string): boolean {
  return name.startsWith('EXECGATE_') || (name.startsWith('OTEL_EXPORTER_OTLP_') && name.endsWith('HEADERS'))
}

/** https://docs.npmjs.com/cli/using-npm/scripts#environment */
function removeNpmAdditions(inheritable: Map<string, string>): void {
  if (inheritable.get('NODE') === inheritable.get('npm_node_execpath')) inheritable.delete('NODE')
  inheritable.delete('INIT_CWD')
  for (const name of inheritable.keys()) if (name.startsWith('npm_')) inheritable.delete(name)

  const path = withoutNpmDirectories(inheritable.get('PATH') ?? '')
  if (path === '') inheritable.delete('PATH')
  else inheritable.set('PATH', path)
}

/**
 * npm puts the `.bin` directories of the package and of its ancestors in front of PATH, closed by its own
 * `node-gyp-bin`; scripts that run scripts repeat that. A `.bin` directory behind the last of them is the user's.
 */
function withoutNpmDirectories(path: string): string {
  const directories = path.split(':')
  let additions = 0
  for (const [index, directory] of directories.entries()) {
    if (directory.endsWith('/node-gyp-bin')) additions = index + 1
    else if (!directory.endsWith('/node_modules/.bin')) break
  }
  return directories.slice(additions).join(':')
}
