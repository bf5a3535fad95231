const nobody = 65_534

/** Until it is disposed, files are reached by somebody whom permissions bind: they do not bind root. */
export function asOrdinaryUser(): Disposable {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(nobody)
  return {
    [Symbol.dispose]: () => {
      if (isRoot) process.seteuid?.(0)
    },
  }
}
