import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/** To be imported before a program: lists every module it loads, one URL a line, in the file that `MODULE_LIST` names. */
const file = process.env['MODULE_LIST'] ?? ''
registerHooks({
  load(url, context, next) {
    appendFileSync(file, `${url}\n`)
    return next(url, context)
  },
})
