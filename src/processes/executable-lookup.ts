/** Where execvp(3) looks when the environment has no PATH: confstr(3) _CS_PATH. */
const defaultPath = '/bin:/usr/bin'

/**
 * The files execvp(3) would try for a program, in its order: the program itself when its name has a slash, else its
 * name in each directory of PATH. Relative results are relative to the new process's working directory; an empty
 * entry of PATH stands for that directory. None is tried twice.
 */
export function executableCandidates(program: string, path: string | undefined): string[] {
  if (program.includes('/')) return [program]
  const directories = new Set((path ?? defaultPath).split(':'))
  return Array.from(directories, directory => (directory === '' ? program : `${directory}/${program}`))
}
